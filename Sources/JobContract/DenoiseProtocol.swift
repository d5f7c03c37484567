/// The constants of the command `denoise` (docs/job-contract.md).
package enum DenoiseProtocol {
    package enum Operation: UInt32 {
        case denoise = 1
        /// Jᵀv.
        case pullback = 2
        /// Jv.
        case pushforward = 3
    }

    package enum Status: UInt32 {
        case done = 0
        case failed = 1
    }

    /// Bytes of a question's or an answer's header.
    package static let header = 16
    /// Images of a question where the worker does not say how many it likes; and the most that it may say.
    package static let usualBatch = 64
    package static let mostBatch = 4096
    /// Bytes that the worker's first line may take.
    package static let longestLine = 1 << 20

    /// What the child is told first.
    package struct Wish: Codable, Sendable {
        package var contract: Int
        package var store: String
        package var threads: Int
        package var networks: [Network]

        package struct Network: Codable, Sendable {
            package var training: TrainingID
            package var spec: [String: JSONValue]
            package var dataset: Digest
            package var steps: Int
            package var checkpoint: Digest

            package init(
                training: TrainingID, spec: [String: JSONValue], dataset: Digest, steps: Int, checkpoint: Digest
            ) {
                self.training = training
                self.spec = spec
                self.dataset = dataset
                self.steps = steps
                self.checkpoint = checkpoint
            }
        }

        package init(store: String, threads: Int, networks: [Network]) {
            contract = ContractVersion.current
            self.store = store
            self.threads = threads
            self.networks = networks
        }
    }

    /// What it says of the networks.
    package struct Greeting: Codable, Sendable {
        package var contract: Int
        package var networks: [Network]

        package struct Network: Codable, Sendable {
            /// [channels, height, width].
            package var shape: [Int]
            package var levels: LevelRange?
            package var blind: Bool?
            package var batch: Int?
        }
    }

    /// What it says where it has no networks.
    package struct Refusal: Codable, Sendable {
        package var failed: String
        package var message: String
    }
}
