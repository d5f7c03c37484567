import ScoreNetworks
import Tensors

/// A machine that computes nothing: it writes down what a device would be asked for by one step of a training. Places are
/// addresses at which nothing lies. It knows the kernels of ddpmpp; any other would meet the CPU's, and those addresses.
final class CountingMachine: LaneMachine, @unchecked Sendable {
    // Unchecked: one thread has it.

    /// Calls of one kernel with one shape.
    struct Call: Hashable {
        var kernel: String
        var shape: String
    }

    struct Cost {
        var calls = 0
        var launches = 0
        /// Of float32, 2 for a multiply-add.
        var operations = 0.0
        var bytes = 0.0
        /// The longest chain of additions, each of which waits for the one before.
        var chain = 0.0

        static func + (a: Cost, b: Cost) -> Cost {
            Cost(
                calls: a.calls + b.calls, launches: a.launches + b.launches, operations: a.operations + b.operations,
                bytes: a.bytes + b.bytes, chain: a.chain + b.chain)
        }
    }

    private(set) var kernels = Float.kernels
    let mostGroups = 1 << 16
    let groupStep = 0
    private(set) var costs: [Call: Cost] = [:]
    private var groups = 1
    private var next = 1 << 40
    private var isBackward = false
    /// What waits to be run for all layers at once, as `DeviceEngine` has it.
    private var waiting: Set<String> = []

    init() { countConvolutions(); countLayers(); countRest() }

    func another() -> any LaneMachine<Float> { CountingMachine() }
    func place(_ count: Int, shared: Bool) -> UnsafeMutablePointer<Float> {
        defer { next += (count + 32) / 32 * 128 }
        return UnsafeMutablePointer(bitPattern: next) ?? .allocate(capacity: 1)
    }
    func maskPlace(_ count: Int) -> UnsafeMutablePointer<UInt16> {
        UnsafeMutableRawPointer(place(count, shared: false)).assumingMemoryBound(to: UInt16.self)
    }
    func pass(groups: Int) {
        waiting.remove(Self.reducing)
        self.groups = groups
    }
    func write(_ values: UnsafePointer<Float>, _ count: Int, to place: UnsafeMutablePointer<Float>) {}
    func read(_ place: UnsafePointer<Float>, _ count: Int, to values: UnsafeMutablePointer<Float>) {
        values.update(repeating: 0, count: count)
    }
    func clear(_ place: UnsafeMutablePointer<Float>, _ count: Int) { add("clear", "", values: Double(count)) }
    func copy(_ from: UnsafePointer<Float>, _ count: Int, to place: UnsafeMutablePointer<Float>) {}
    func check() {}

    /// Begins anew.
    func clear() { (costs, isBackward) = ([:], false) }

    private static let reducing = "ek_reduce_lanes"

    /// The launches that a joined run costs: the first that waits has the others with it.
    private func joined(_ kernel: String) -> Int { waiting.insert(kernel).inserted ? 1 : 0 }

    /// `operations` and `values`, which are read or written, are of one group; `shared` values are of all.
    private func add(
        _ kernel: String, _ shape: String, launches: Int = 1, isJoined: Bool = false, operations: Double = 0,
        values: Double,
        shared: Double = 0, chain: Int = 0
    ) {
        if !isJoined { waiting.formIntersection([Self.reducing]) }
        let cost = Cost(
            calls: 1, launches: launches, operations: operations * Double(groups),
            bytes: 4 * (values * Double(groups) + shared), chain: Double(chain))
        let call = Call(kernel: kernel, shape: shape)
        costs[call] = (costs[call] ?? Cost()) + cost
    }

    private func lanes(_ counts: Int...) -> Double { Double(counts.reduce(1, *) * laneCount) }
    private func tiles(_ height: Int, _ width: Int) -> Int { (height + 1) / 2 * ((width + 3) / 4) }

    private func countConvolutions() {
        kernels.conv3x3 = { [self] _, channels, height, width, _, transposed, _, plus, _, outputs, _, _ in
            let added = plus == nil ? 0 : lanes(outputs, height, width)
            let ends = lanes(channels, height, width) + lanes(outputs, height, width) + added
            let name = transposed == 0 ? "3×3, forward" : "3×3, input gradient"
            let shape = "\(height)×\(width), \(channels) to \(outputs)"
            let weights = Double(channels * outputs)
            guard KernelMemory.sharesWeights(outputs: outputs, inputs: channels, taps: 9) else {
                return add(
                    name, shape, operations: 18 * weights * lanes(height, width), values: ends, shared: 9 * weights,
                    chain: 9 * channels)
            }
            let all = tiles(height, width)
            // The domain of the input is written and read, that of the results too.
            add(
                name, shape, launches: 3, operations: 48 * weights * lanes(all),
                values: ends + 48 * lanes(all, channels) + 24 * lanes(all, outputs), shared: 24 * weights,
                chain: 4 * channels)
        }
        kernels.conv3x3WeightGradient = { [self] _, _, channels, outputs, height, width, _, _, _ in
            isBackward = true
            let ends = lanes(channels, height, width) + lanes(outputs, height, width)
            let shape = "\(height)×\(width), \(channels) to \(outputs)"
            let weights = Double(channels * outputs)
            guard KernelMemory.sharesWeights(outputs: outputs, inputs: channels, taps: 9) else {
                return add(
                    "3×3, weight gradient", shape, launches: 2, operations: 18 * weights * lanes(height, width),
                    values: ends + 18 * weights, shared: 18 * weights, chain: height * width)
            }
            let all = tiles(height, width)
            add(
                "3×3, weight gradient", shape, launches: 4, operations: 48 * weights * lanes(all),
                values: ends + 48 * lanes(all, channels) + 48 * lanes(all, outputs) + 48 * weights,
                shared: 18 * weights, chain: all)
        }
        kernels.pointwise = { [self] _, channels, count, _, _, plus, _, outputs, _, _ in
            let added = plus == nil ? 0 : lanes(outputs, count)
            let name = "\(count == 1 ? "linear" : "1×1"), \(isBackward ? "input gradient" : "forward")"
            let weights = Double(channels * outputs)
            add(
                name, "\(count) pixels, \(channels) to \(outputs)", operations: 2 * weights * lanes(count),
                values: lanes(channels, count) + lanes(outputs, count) + added, shared: weights, chain: channels)
        }
        kernels.pointwiseWeightGradient = { [self] _, _, channels, outputs, count, _, _, _ in
            isBackward = true
            let weights = Double(channels * outputs)
            add(
                "\(count == 1 ? "linear" : "1×1"), weight gradient", "\(count) pixels, \(channels) to \(outputs)",
                launches: 2, operations: 2 * weights * lanes(count),
                values: lanes(channels, count) + lanes(outputs, count) + 2 * weights, shared: 2 * weights,
                chain: count)
        }
        kernels.pack = { [self] _, outputs, channels, taps, _, _ in
            let values = Double(outputs * channels * taps)
            let packed = KernelMemory.packedWeights(outputs: outputs, inputs: channels, taps: taps)
            let isWinograd = KernelMemory.sharesWeights(outputs: outputs, inputs: channels, taps: taps)
            add(
                "packing of weights", "", launches: joined(isWinograd ? "ek_winograd_weights" : "ek_pack"),
                isJoined: true, values: 0, shared: values + Double(packed))
        }
    }

    private func countLayers() {
        kernels.groupNorm = { [self] _, channels, groups, count, _, _, _, _, _, _ in
            add(
                "group norm, forward", "\(count) pixels, \(channels)", launches: 2,
                operations: 40 * lanes(channels, count), values: 4 * lanes(channels, count),
                chain: 2 * (channels / groups * count / 4))
        }
        kernels.groupNormBackward = { [self] _, channels, groups, count, _, _, _, _, _, keep, plus, _, _, _, sums in
            let inPlace = lanes(channels, count)
            let ends = (keep == 0 ? 0 : inPlace) + (plus == nil ? 0 : inPlace) + (sums == nil ? 0 : 2 * inPlace)
            add(
                "group norm, gradient", "\(count) pixels, \(channels)", launches: sums == nil ? 2 : 3,
                operations: 60 * inPlace, values: 6 * inPlace + ends,
                chain: count * (sums == nil ? 1 : 2) + channels / groups)
        }
        kernels.modulate = { [self] _, _, _, channels, _, _ in
            add("modulation", "\(channels)", operations: 3 * lanes(channels), values: 4 * lanes(channels))
        }
        kernels.modulateBackward = { [self] _, _, _, channels, _, _, _ in
            add("modulation", "\(channels)", operations: 5 * lanes(channels), values: 6 * lanes(channels))
        }
        kernels.attention = { [self] _, depth, tokens, _, _, _, _ in
            add(
                "attention, forward", "\(tokens) pixels, \(depth)", launches: 3,
                operations: (4 * Double(depth) + 20) * lanes(tokens, tokens),
                values: 4 * lanes(depth, tokens) + 5 * lanes(tokens, tokens), chain: depth + 3 * tokens)
        }
        kernels.attentionBackward = { [self] _, depth, tokens, _, _, _, _, _, _ in
            add(
                "attention, gradient", "\(tokens) pixels, \(depth)", launches: 4,
                operations: (10 * Double(depth) + 20) * lanes(tokens, tokens),
                values: 10 * lanes(depth, tokens) + 5 * lanes(tokens, tokens), chain: 2 * depth + 2 * tokens)
        }
        kernels.gather2x2 = { [self] _, channels, height, width, _, _ in
            let larger = lanes(channels, height, width)
            add("resampling", "", operations: larger, values: 1.25 * larger)
        }
        kernels.spread2x2 = { [self] _, channels, height, width, _, _, _ in
            let larger = lanes(channels, height, width)
            add("resampling", "", operations: larger / 4, values: 1.25 * larger)
        }
    }

    private func countRest() {
        kernels.broadcast = { [self] _, count, _ in
            add(
                "biases to lanes", "", launches: joined("ek_broadcast_shared"), isJoined: true, values: 0,
                shared: 17 * Double(count))
        }
        kernels.channelSums = { [self] _, channels, count, _ in
            let values = lanes(channels, count)
            add("sums of biases", "", operations: values, values: values + lanes(channels), chain: count / 4)
        }
        kernels.reduceLanes = { [self] _, count, _, _ in
            add(
                "sums of biases", "", launches: joined(Self.reducing), isJoined: true, operations: lanes(count),
                values: lanes(count), shared: 2 * Double(count),
                chain: 5)
        }
        kernels.silu = { [self] _, count, _ in
            add("embedding's SiLU", "", operations: 20 * lanes(count), values: 2 * lanes(count))
        }
        kernels.siluBackward = { [self] _, _, count, _ in
            add("embedding's SiLU", "", operations: 30 * lanes(count), values: 3 * lanes(count))
        }
        kernels.toLanes = { [self] _, _, size, _ in add("images", "", values: lanes(size)) }
        kernels.checkFinite = { [self] _, count, _ in
            waiting.remove(Self.reducing)
            add("Adam and average", "", values: 0, shared: Double(count))
        }
        kernels.adamAverage = { [self] _, _, _, _, _, count, _, _, _, _, _, _ in
            add("Adam and average", "", operations: 0, values: 0, shared: 9 * Double(count))
        }
    }
}
