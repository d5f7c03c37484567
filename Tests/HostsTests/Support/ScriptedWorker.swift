import ContentStore
import JobContract
import SweepModel

/// Shell scripts that keep the job contract, as a user's own worker would.
enum ScriptedWorker {
    /// Functions with which every script begins.
    private static let prelude = """
        #!/bin/sh
        cat > "$PWD/given.json"
        started() {
            echo '{"event":"started","contract":1,"worker":"script","numerics":1,"build":"b","cpu":"c","kernels":"k"}'
        }
        checkpoint() { # steps file
            printf '{"event":"checkpoint","steps":%d,"milestone":true,"weights":{"path":"%s","digest":"%s","bytes":%d},"parameters":7,"seconds":0.5}\\n' \
                "$1" "$2" "$(sha256sum "$2" | cut -c1-64)" "$(stat -c %s "$2")"
        }
        recovery() { # steps bytes
            head -c "$2" /dev/zero > "state-$1"; echo "$1" >> "state-$1"
            printf '{"event":"checkpoint","steps":%d,"milestone":false,"state":{"path":"%s","digest":"%s","bytes":%d},"parameters":7,"seconds":0.5}\\n' \
                "$1" "state-$1" "$(sha256sum "state-$1" | cut -c1-64)" "$(stat -c %s "state-$1")"
        }
        finished() { echo '{"event":"finished"}'; }
        await() { while [ ! -e "$SCRATCH/$1" ]; do sleep 0.02; done; }

        """

    /// An order to run `script`. Puts its text and a small dataset into the coordinator's store.
    static func order(
        _ attempt: Int, in store: ContentStore, steps: [Int] = [100], gpus: Int = 0, _ script: String
    ) throws -> StartOrder {
        let program = try store.put(Array((prelude + script).utf8))
        let dataset = try store.put(Array("a dataset".utf8))
        let name = Digest(of: Array("training \(attempt)".utf8))
        let description = JobDescription(
            job: JobID(name), attempt: AttemptNumber(attempt), training: TrainingID(name),
            spec: ["seed": .integer(1)], dataset: dataset, task: .train(TrainTask(milestones: steps)))
        return StartOrder(
            description: description, command: ["worker", "run"],
            uploads: [StartOrder.Upload(name: "worker", digest: program)], gpus: gpus)
    }
}
