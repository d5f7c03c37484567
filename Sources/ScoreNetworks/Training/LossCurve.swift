import Tensors

/// The mean loss over stretches of a training. Each stretch is a quarter as long as all before it together, or one step, so
/// that the curve of a long training is short. It depends on the steps done alone, not on when checkpoints were written.
package struct LossCurve: Hashable, Sendable {
    /// The mean losses of finished stretches.
    private var means: [Double] = []
    private var ends: [Int] = []
    /// The sum of losses over the stretch under way.
    private var sum = 0.0
    private var steps = 0

    init() {}

    /// The mean of every finished stretch with its last step, and of the one under way with the last step done.
    package var points: [(steps: Int, mean: Double)] {
        let finished = zip(ends, means).map { (steps: $0, mean: $1) }
        let begun = steps - (ends.last ?? 0)
        return begun == 0 ? finished : finished + [(steps, sum / Double(begun))]
    }

    mutating func add(_ loss: Double) {
        sum += loss
        steps += 1
        let begun = ends.last ?? 0
        guard steps == Self.end(after: begun) else { return }
        means.append(sum / Double(steps - begun))
        ends.append(steps)
        sum = 0
    }

    private static func end(after step: Int) -> Int { step + max(1, step / 4) }

    static let names = ["loss_means", "loss_sum"]

    func store(in file: inout SafetensorsFile) {
        file.set(Self.names[0], Tensor(shape: [means.count], values: means))
        file.set(Self.names[1], Tensor(shape: [1], values: [sum]))
    }

    /// Restores the curve that `store` wrote after `steps` steps.
    init(_ file: SafetensorsFile, steps: Int) throws(SafetensorsError) {
        var end = Self.end(after: 0)
        while end <= steps {
            ends.append(end)
            end = Self.end(after: end)
        }
        let stored: Tensor<Double> = try file.tensor(Self.names[0], shape: [ends.count])
        let rest: Tensor<Double> = try file.tensor(Self.names[1], shape: [1])
        guard (stored.values + rest.values).allSatisfy(\.isFinite) else {
            throw file.error(Self.names[0], "holds what is no number")
        }
        means = stored.values
        sum = rest.values[0]
        self.steps = steps
    }
}
