import Diffusion
import JobContract
import Tensors

/// The sizes of a network of one family of architectures, with all that tells the family from others: what checkpoints and
/// sweeps say of it, and what computes it.
///
/// A family is a folder here and a line of `NetworkConfiguration.families`; what sweeps know of its architectures stands in
/// `JobContract/Architectures`.
protocol NetworkSizes: Hashable, Sendable {
    /// Their names in checkpoints and sweeps.
    static var architectures: [String] { get }

    /// The sizes that a checkpoint tells of one of `architectures`.
    init(_ stored: StoredNetwork) throws(SafetensorsError)
    /// The sizes that the keys of a sweep make of one of `architectures`.
    init(_ architecture: String, shape: ImageShape, _ keys: inout some SizeKeys) throws

    /// The architecture.
    var name: String { get }
    var imageShape: ImageShape { get }
    /// What a checkpoint tells beside the architecture and the preconditioning: members of a JSON object, in order.
    var stored: [String] { get }
    /// The keys of a sweep that make it, beside those of its images.
    var keys: [String: JSONValue] { get }

    /// Whether it sees no noise level.
    var isBlind: Bool { get }
    /// Augmentation labels per image; 0 for families that take none.
    var augmentLabels: Int { get set }
    /// The share of activations that training drops; 0 for families that drop none.
    var dropout: Double { get set }
    /// The same with half the channels, which may be impossible to build. Nil where there are no channels to halve.
    var narrower: Self? { get }

    func plan() throws(NetworkError) -> NetworkPlan
    func core<S: LaneScalar>(
        of scalar: S.Type, for use: NetworkUse, on machine: any LaneMachine<S>, team: ThreadTeam
    ) throws(NetworkError) -> any NetworkCore<S>
}

extension NetworkConfiguration {
    /// In the order in which people are told of them.
    static let families: [any NetworkSizes.Type] = [
        UNetConfiguration.self, BlindConfiguration.self, LinearConfiguration.self,
    ]

    /// The architectures of all families.
    package static let architectures = families.flatMap { $0.architectures }

    private static func family(of architecture: String) -> (any NetworkSizes.Type)? {
        families.first { $0.architectures.contains(architecture) }
    }

    /// Nil for an architecture that no family has.
    init?(_ stored: StoredNetwork) throws(SafetensorsError) {
        guard let family = Self.family(of: stored.architecture) else { return nil }
        self.init(try family.init(stored))
    }

    /// Reads the keys of a sweep. Nil for an architecture that no family has.
    package init?(_ architecture: String, shape: ImageShape, _ keys: inout some SizeKeys) throws {
        guard let family = Self.family(of: architecture) else { return nil }
        self.init(try family.init(architecture, shape: shape, &keys))
    }
}

extension NetworkSizes {
    var isBlind: Bool { false }
    var augmentLabels: Int {
        get { 0 }
        set {}
    }
    var dropout: Double {
        get { 0 }
        set {}
    }
}

/// Reads sizes from the keys of a sweep. It throws for what is missing or out of range.
package protocol SizeKeys {
    mutating func integer(_ key: String) throws -> Int
    mutating func integers(_ key: String) throws -> [Int]
    mutating func number(_ key: String) throws -> Double
    mutating func flag(_ key: String) throws -> Bool
}

extension JSONValue {
    static func integer(_ value: Int) -> JSONValue { .integer(Int64(value)) }
    static func integers(_ values: [Int]) -> JSONValue { .array(values.map { .integer(Int64($0)) }) }
}
