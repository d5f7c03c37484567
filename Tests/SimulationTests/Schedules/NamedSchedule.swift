import SweepModel

/// Schedules that once found something, named for what that is about. None depends on draws: each is a family of schedules,
/// in one of which the moment that mattered comes, at whatever step.
enum NamedSchedule: String, CaseIterable {
    case aDeadFirstAttemptOfALongerTraining = "a training's first attempt is dead, and its second goes further"
    case aConnectionThatWasNotHeardOf = "a coordinator dies before it hears that a host answers"
    case aComparisonOfACancelledTraining = "a training is cancelled while one of its trials is compared"
    case anAttemptWhoseFileIsGone = "an attempt whose file is gone works on, and is back beside another"
    case acknowledgedByACopy = "a coordinator on a copy takes what the original's attempt found"

    /// The schedules of the family, labelled by what differs.
    var scenarios: [(label: String, scenario: Scenario)] {
        switch self {
        case .aDeadFirstAttemptOfALongerTraining:
            return stride(from: 960.0, through: 1100, by: 20).map { death in
                (
                    "dies at \(death)",
                    Scenario(
                        trainings: [[700, 1400]], later: [(0, 1400)], slots: [1, 1, 1],
                        faults: [
                            (50, .launch), (60, .cut(host: 0, seconds: 3000)), (death, .coordinatorDeath),
                            (1400, .coordinatorDeath),
                        ])
                )
            }
        case .aConnectionThatWasNotHeardOf:
            return (1...400).map { calls in
                var scenario = Scenario(
                    trainings: [[2100], [140]], slots: [1, 1],
                    faults: [
                        (20, .coordinatorDeath), (21, .cut(host: 0, seconds: 330)), (380, .cut(host: 0, seconds: 2500)),
                    ])
                scenario.kills = [1_000_000, calls]
                return ("dies after \(calls) calls", scenario)
            }
        case .aComparisonOfACancelledTraining:
            return [0, 1].flatMap { training in
                stride(from: 60.0, through: 130, by: 2).map { time in
                    (
                        "\(training) is cancelled at \(time)",
                        Scenario(
                            trainings: [[140], [140]], measures: ["memorization", "gaussian-distance"],
                            comparing: [(0, 1)], slots: [2, 2],
                            faults: [(time, .cancelling(training: training, seconds: 100))])
                    )
                }
            }
        case .anAttemptWhoseFileIsGone:
            return stride(from: 1080.0, through: 1300, by: 20).map { back in
                (
                    "back at \(back)",
                    Scenario(
                        trainings: [[280, 2800]], slots: [1, 1],
                        faults: [(10, .lostFile(host: 0)), (170, .cut(host: 0, seconds: back - 170))])
                )
            }
        case .acknowledgedByACopy:
            return stride(from: 1.0, through: 60, by: 0.5).map { seconds in
                (
                    "the copy works for \(seconds) s",
                    Scenario(
                        trainings: [[140, 280]], slots: [1],
                        faults: [
                            (20, .worker(host: 0, .fails)), (40, .worker(host: 0, .fails)),
                            (60, .cut(host: 0, seconds: 5)),
                            (61, .coordinatorSleep(seconds: 2000, linksSurvive: false)),
                            (1000, .copiedCatalogue(seconds: seconds)),
                        ])
                )
            }
        }
    }

    /// What is wrong, by the label of each schedule.
    func findings() throws -> [String] {
        try scenarios.flatMap { label, scenario in
            let simulation = Simulation(scenario, catalogue: ModelCatalogue(scenario.sweep))
            return try simulation.run().map { "\(label): \($0)" }
        }
    }
}
