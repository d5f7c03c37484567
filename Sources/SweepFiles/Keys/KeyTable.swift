import JobContract
import SweepModel

/// The keys that a sweep can use: Eigensweep's, and those that its worker declares.
package struct KeyTable: Sendable {
    /// In the documentation's order, the worker's own after the others.
    package let all: [SpecKey]
    /// The worker's own.
    package let own: [SpecKey]
    /// The sections of a sweep file.
    let sections: [String]
    let worker: String
    /// Those of Eigensweep's keys that the worker honours; nil: all.
    private let honoured: Set<String>?
    let images: ImageDeclaration?
    /// The worker beside it, which trains those of its architectures that the worker has not, with the measures that it takes
    /// of both; nil: there is none.
    let other: WorkerDescription?
    /// The architectures that `other` trains.
    let others: Set<String>
    private let byName: [String: SpecKey]

    /// Without any of a worker's own.
    package static let ours = KeyTable(own: [], worker: "eigensweep-worker", honoured: nil, images: nil)

    private init(
        own: [SpecKey], worker: String, honoured: Set<String>?, images: ImageDeclaration?,
        other: WorkerDescription? = nil, others: Set<String> = []
    ) {
        self.other = other
        self.others = others
        self.own = own
        self.worker = worker
        self.honoured = honoured
        self.images = images
        all = SpecKey.all.map { $0.name == Self.resolution ? $0.admitting(images?.resolution) : $0 } + own
        byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
        sections = SweepReader.sections + Set(own.map(\.section)).subtracting(SweepReader.sections).sorted()
    }

    /// Why a worker's description cannot be used.
    package struct Fault: Error, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// The keys of sweeps with this worker. Of version 1 of the contract its description has no keys of its own. Throws for
    /// one that is none, or is taken.
    ///
    /// - Parameter other: trains what `worker` has not, and has no keys of its own.
    package init(_ worker: WorkerDescription, beside other: WorkerDescription? = nil) throws(Fault) {
        let known = worker.trainedArchitectures
        let others = Set(other?.trainedArchitectures ?? []).subtracting(known)
        guard worker.contract >= 2 else {
            self.init(own: [], worker: worker.name, honoured: nil, images: nil, other: other, others: others)
            return
        }
        var own: [SpecKey] = []
        for declaration in worker.keys ?? [] {
            if let fault = Self.fault(declaration, of: worker) ?? declaration.fault {
                throw Fault(description: "keys: \(declaration.key.prefix(100)) \(fault)")
            }
            guard !own.contains(where: { $0.name == declaration.key }) else {
                throw Fault(description: "keys: \(declaration.key) is declared twice")
            }
            // What all of the worker's architectures read, the other's do not.
            var declaration = declaration
            if !others.isEmpty { declaration.architectures = declaration.architectures ?? known }
            own.append(SpecKey(own: declaration))
        }
        for key in worker.reads ?? [] {
            guard SpecKey.named(key)?.role == .spec else {
                let known = SpecKey.all.filter { $0.role == .spec }.map(\.name)
                throw Fault(
                    description: "reads: \(key.prefix(100)) is no key of Eigensweep's specs"
                        + NearestName.advice(for: key, among: known))
            }
        }
        if let fault = worker.images?.fault { throw Fault(description: "images: \(fault)") }
        self.init(
            own: own, worker: worker.name, honoured: worker.reads.map { Set($0).union(Self.alwaysHonoured) },
            images: worker.images, other: other, others: others)
    }

    /// What is wrong with the name or the readers of a worker's key, beside what is wrong with it in itself.
    private static func fault(_ declaration: KeyDeclaration, of worker: WorkerDescription) -> String? {
        let key = declaration.key
        let section = key.split(separator: ".").first.map(String.init) ?? ""
        if SpecKey.named(key) != nil || DatasetIdentity.reserved.contains(key) {
            return "is a key of Eigensweep's: expected another name"
        }
        if !SweepReader.sections.contains(section), SweepReader.topics.contains(section) {
            return "stands in the section \(section), which sweep files have for something else: expected "
                + "\(SweepReader.sections.joined(separator: ", ")) or a section of the worker's own"
        }
        if worker.measures.contains(where: { $0.measure == section }) {
            return "stands in a section named as the measure \(section): queries could not tell them apart"
        }
        let unknown = (declaration.architectures ?? []).first { !worker.architectures.contains($0) }
        return unknown.map { name in
            "is read by the architecture \(name), which the worker has not"
                + NearestName.advice(for: name, among: worker.architectures)
        }
    }

    package func named(_ name: String) -> SpecKey? { byName[name] }

    /// The key of that name, or of another name that it has in sweep files, or an error that names the nearest.
    func find(_ name: String, at origin: TextOrigin, also others: [String] = []) throws(SweepFileError) -> SpecKey {
        if let key = named(name) ?? OtherNames.key(name, of: self) { return key }
        throw SweepFileError(
            "no such key" + NearestName.advice(for: name, among: all.map(\.name) + others), key: name, at: origin)
    }

    // MARK: What the worker does not read

    private static let resolution = "dataset.resolution"

    /// The keys that whoever takes jobs honours: which images a training has, and whose network it is.
    package static let alwaysHonoured: Set<String> = [
        resolution, "dataset.channels", "dataset.size", "dataset.part", "dataset.subset_seed", "dataset.held_out",
        "dataset.order", "dataset.split", "model.architecture", "seed",
    ]

    /// The keys that the worker does not honour.
    package var ignored: [SpecKey] {
        guard let honoured else { return [] }
        return SpecKey.all.filter { $0.role == .spec && !honoured.contains($0.name) }
    }

    /// What is wrong where a key that the worker does not honour has another value than its default, and which key that is:
    /// two trials would have two names and one result.
    func fault(_ values: [String: JSONValue]) -> (key: String, message: String)? {
        guard !isOthers(values) else { return nil }
        for key in ignored {
            guard let value = values[key.name], let fallback = key.fallback, value != fallback else { continue }
            return (
                key.name,
                "is \(value.flowYAML), and the worker \(worker) does not read this key: expected \(fallback.flowYAML)"
            )
        }
        return nil
    }

    /// Whether it is the worker beside this one that trains the network.
    func isOthers(_ values: [String: JSONValue]) -> Bool {
        !others.isEmpty && others.contains(values["model.architecture"]?.stringValue ?? "")
    }

    /// What is wrong with images of this shape for the worker, or the generator that would make them.
    func imageFault(_ values: [String: JSONValue]) -> (key: String, message: String)? {
        if let other, isOthers(values) {
            guard let edge = values[Self.resolution], let ours = SpecKey.named(Self.resolution), ours.admit(edge) == nil
            else { return nil }
            return (Self.resolution, "\(other.name) takes no such images: expected \(ours.expected)")
        }
        if let source = values["dataset.source"]?.stringValue, ImageGenerator.names.contains(source),
            let edge = values[Self.resolution], let ours = SpecKey.named(Self.resolution), ours.admit(edge) == nil
        {
            return (Self.resolution, "the generator \(source) makes no such images: expected \(ours.expected)")
        }
        guard let taken = images?.channels, let channels = values["dataset.channels"]?.integerValue,
            !taken.contains(channels)
        else { return nil }
        let words = taken.map(String.init).joined(separator: " or ")
        return (
            "dataset.channels", "the worker \(worker) takes images of \(words) channels: expected that, got \(channels)"
        )
    }
}

extension WorkerDescription {
    /// What it trains: a worker that names no architecture has the first of ours.
    var trainedArchitectures: [String] { architectures.isEmpty ? ["ddpmpp"] : architectures }
}

extension SpecKey {
    /// A key of a worker's own.
    fileprivate init(own declaration: KeyDeclaration) {
        self.init(
            name: declaration.key, kind: .declared(declaration.values), role: .spec, isLater: false,
            fallback: declaration.fallback, exceptions: nil,
            reader: declaration.architectures.map(KeyReader.ownArchitectures) ?? .all, meaning: declaration.meaning)
    }

    fileprivate var section: String { String(name.prefix { $0 != "." }) }

    /// The key of the edge of images, in the range that a worker takes.
    fileprivate func admitting(_ edges: ImageDeclaration.Edges?) -> SpecKey {
        guard let edges else { return self }
        let range = Int64(edges.least ?? 1)...Int64(edges.most ?? ImageDeclaration.mostEdge)
        return SpecKey(
            name: name, kind: .integer(range, multipleOf: 1), role: role, isLater: isLater, fallback: fallback,
            exceptions: exceptions, reader: reader, meaning: meaning)
    }
}

extension DatasetIdentity {
    /// What a spec has beside keys of sweeps.
    fileprivate static let reserved: Set<String> = [
        "dataset.digest", "dataset.generator", "dataset.generator_version", "dataset.samples", "worker.name",
        "worker.numerics",
    ]
}
