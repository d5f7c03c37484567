extension WorkerEvent {
    /// Reads one line of a worker's output; nil when it is no event, or holds a number or a text that no event may. What
    /// it says to people is cut where it is too long.
    package init?(line: some Collection<UInt8>) {
        guard let value = JSONText.read(line) else { return nil }
        if let event = value.objectValue.flatMap(WorkerEvent.init(plain:)) {
            self = event
        } else if let event = try? JSONText.decode(WorkerEvent.self, of: value) {
            self = event
        } else {
            return nil
        }
        guard isPossible else { return nil }
        cutWords()
    }

    /// What every attempt says, taken apart by hand: agent and coordinator both read all of it. Nil for other events, and
    /// for what is not whole.
    private init?(plain members: [String: JSONValue]) {
        switch members["event"]?.stringValue {
        case "started":
            guard let contract = members["contract"]?.integerValue, let worker = members["worker"]?.stringValue,
                let numerics = members["numerics"]?.integerValue, let build = members["build"]?.stringValue,
                let cpu = members["cpu"]?.stringValue, let kernels = members["kernels"]?.stringValue
            else { return nil }
            self = .started(
                Started(
                    contract: contract, worker: worker, numerics: numerics, build: build, cpu: cpu, kernels: kernels))
        case "checkpoint":
            guard members["losses"] == nil, let steps = members["steps"]?.integerValue,
                let isMilestone = members["milestone"]?.boolValue,
                let parameters = members["parameters"]?.integerValue, let seconds = members["seconds"]?.doubleValue
            else { return nil }
            var files: [OutputFile?] = []
            for key in ["weights", "state"] {
                let given = members[key]
                let file = given.flatMap(OutputFile.init(plain:))
                guard file != nil || given == nil else { return nil }
                files.append(file)
            }
            self = .checkpoint(
                Checkpoint(
                    steps: steps, milestone: isMilestone, weights: files[0], state: files[1], parameters: parameters,
                    seconds: seconds))
        case "finished": self = .finished
        default: return nil
        }
    }
}

extension OutputFile {
    fileprivate init?(plain value: JSONValue) {
        guard let members = value.objectValue, let path = members["path"]?.stringValue,
            let digest = members["digest"]?.stringValue.flatMap(Digest.init(hex:)),
            let bytes = members["bytes"]?.integerValue
        else { return nil }
        self.init(path: path, digest: digest, bytes: bytes)
    }
}
