import JobContract
import SweepModel

extension ExpandedSweep {
    /// Roughly the bytes that the store will keep of so many trials still to train: the weights of each, and a full state
    /// of each training. In a large sweep a sample of the trials stands for all. Nil where nobody here knows the networks.
    func bytesToKeep(ofTrials missing: Int) -> Int? {
        guard missing > 0, !trials.isEmpty else { return 0 }
        var weights = 0.0
        var states: [TrainingID: Double] = [:]
        var seen = 0.0
        for place in stride(from: 0, to: trials.count, by: max(1, trials.count / 1000)) {
            guard let training = trainings[trials[place].training],
                let bytes = OutputForecast.weights(of: training.spec).map(Double.init)
            else { continue }
            seen += 1
            weights += bytes
            states[training.id] = Double(OutputForecast.statesToWeights) * bytes
        }
        guard seen > 0 else { return nil }
        let all =
            weights / seen * Double(trials.count)
            + states.values.reduce(0, +) / Double(states.count) * Double(trainings.count)
        return Int(min(all * Double(min(missing, trials.count)) / Double(trials.count), 1e18))
    }
}
