import Diffusion
import Tensors

/// How a step changes parameters, given their gradients.
package enum Optimiser: Sendable, Hashable {
    case adam
    case sgd(momentum: Double)
}

/// An optimiser with what it remembers from step to step.
struct OptimiserState<S: LaneScalar> {
    /// What it remembers of each parameter, 0 at first, with the text before the parameters' names in training states.
    let moments: [(prefix: String, values: UnsafeMutablePointer<S>)]
    private let optimiser: Optimiser
    private let weightDecay: Double
    private let count: Int
    private let machine: any LaneMachine<S>

    /// For `count` parameters, a multiple of 16, that lie on `machine`.
    init(_ optimiser: Optimiser, weightDecay: Double, count: Int, on machine: any LaneMachine<S>) {
        self.machine = machine
        self.optimiser = optimiser
        self.weightDecay = weightDecay
        self.count = count
        let prefixes =
            switch optimiser {
            case .adam: ["adam_first/", "adam_second/"]
            case .sgd: ["velocity/"]
            }
        moments = prefixes.map { ($0, machine.place(count, shared: true)) }
    }

    /// Step number `step` (from 1), followed by the moving average of the parameters. Decay is decoupled: before the step every
    /// parameter is multiplied by 1 − rate·`weightDecay` (Loshchilov and Hutter 2019, in the order of PyTorch's AdamW, where
    /// the rate of the schedule counts).
    func step(
        _ step: Int, parameters: UnsafeMutablePointer<S>, gradients: UnsafePointer<S>,
        average: UnsafeMutablePointer<S>, rate: Double, averageDecay: Double
    ) {
        if weightDecay > 0 { machine.kernels.scale(parameters, count / laneCount, S(1 - rate * weightDecay)) }
        switch optimiser {
        case .adam:
            Adam().step(
                step, by: machine.kernels, parameters: parameters, gradients: gradients, first: moments[0].values,
                second: moments[1].values, average: average, count: count, rate: rate, decay: averageDecay)
        case .sgd(let momentum):
            GradientDescent(momentum: momentum).step(
                by: machine.kernels, parameters: parameters, gradients: gradients, velocity: moments[0].values,
                average: average,
                count: count, rate: rate, decay: averageDecay)
        }
    }

    /// Whether all that it remembers is finite: the square of a finite gradient may not be.
    var isFinite: Bool {
        var finite: Int32 = 1
        for moment in moments { machine.kernels.checkFinite(moment.values, count, &finite) }
        return finite == 1
    }
}
