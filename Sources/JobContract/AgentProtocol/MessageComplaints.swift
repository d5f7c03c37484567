// What is wrong with a message whose shape is right: a number that nothing has, or a text without end. Who decodes a
// message asks this before anybody else sees it.

extension CoordinatorMessage {
    /// In words; nil where all numbers and texts are possible ones.
    package var complaint: String? {
        var check = Check()
        switch self {
        case .hello(let hello): check(hello)
        case .start(let order):
            check("a job's output", order.output, OutsideValues.bytes)
            check("the number of a job's GPUs", order.gpus ?? 1, 1...GPUChoice.most)
        case .cancel, .revoke, .release, .enquire, .fetch, .ping, .leaving: break
        case .acknowledge(_, let offset): check("an offset", offset, OutsideValues.bytes)
        case .read(_, let question): check("an offset", question.offset, within: OutsideValues.bytes)
        case .upload(_, _, let bytes): check("a file's size", bytes, OutsideValues.bytes)
        case .service(let request): check(request)
        case .relay(let request): check(request)
        }
        return check.complaint
    }
}

extension AgentMessage {
    /// In words; nil where all numbers and texts are possible ones.
    package var complaint: String? {
        var check = Check()
        switch self {
        case .greeting(let greeting): check(name: "the machine", greeting.machine)
        case .welcome(let welcome), .standing(let welcome): check(welcome)
        case .log(_, let piece): check(piece)
        case .denied(let refusal), .refused(_, let refusal), .notStored(_, let refusal), .notSending(_, let refusal):
            check(words: refusal.message)
        case .ended(_, let end, let diagnostics):
            check(end)
            check(words: diagnostics)
        case .sending(_, let bytes): check("a file's size", bytes, OutsideValues.bytes)
        case .served(let answer): check(answer)
        case .storeDamaged(let words): check(words: words)
        case .gpuFailed(let gpu):
            check(name: "a GPU", gpu.id)
            check(words: gpu.reason)
            check("the number of attempts", gpu.attempts.count, 0...FailedGPU.mostAttempts)
        case .relayed(let report): check(report)
        case .retiring, .accepted, .lacking, .running, .stored, .pong: break
        }
        return check.complaint
    }
}

/// Keeps the first thing that is wrong.
private struct Check {
    var complaint: String?

    private mutating func note(_ words: @autoclosure () -> String) { if complaint == nil { complaint = words() } }

    mutating func callAsFunction(_ what: String, _ value: Int, _ range: ClosedRange<Int>) {
        if !range.contains(value) { note("it says \(what) is \(value)") }
    }

    /// A number that may be as far below zero as above it.
    mutating func callAsFunction(_ what: String, _ value: Int, within range: ClosedRange<Int>) {
        if !(-range.upperBound...range.upperBound).contains(value) { note("it says \(what) is \(value)") }
    }

    mutating func callAsFunction(_ what: String, _ value: Double, _ range: ClosedRange<Double>) {
        if !range.contains(value) { note("it says \(what) is \(value)") }
    }

    mutating func callAsFunction(name what: String, _ text: String) {
        if text.utf8.count > OutsideValues.nameLength { note("its name for \(what) has \(text.utf8.count) bytes") }
    }

    mutating func callAsFunction(words text: String) {
        if text.utf8.count > OutsideValues.wordsLength { note("a sentence of it has \(text.utf8.count) bytes") }
    }

    mutating func callAsFunction(_ end: AttemptEnd) {
        switch end {
        case .exited(let code): self("an exit code", code, OutsideValues.statuses)
        case .signalled(let signal): self("a signal", signal, OutsideValues.statuses)
        case .stopped(_, let exit): self("an exit code", exit ?? 0, OutsideValues.statuses)
        case .vanished: break
        case .neverStarted(let reason): self(words: reason)
        }
    }

    mutating func callAsFunction(_ hello: AgentHello) {
        self("the start's number", hello.generation, OutsideValues.counts)
        self(name: "the coordinator", hello.nonce)
        self("the number of threads", hello.threads, OutsideValues.processors)
        self("the number of slots", hello.slots ?? 1, OutsideValues.processors)
        self("its patience in seconds", hello.lease ?? 0, 0...1e12)
        self("the jobs a GPU may have", hello.jobsPerGPU ?? 1, OutsideValues.processors)
        self("the pause between reports in seconds", hello.progressSeconds ?? 0, 0...1e6)
        switch hello.gpus {
        case .first(let count): self("the number of GPUs", count, 1...GPUChoice.most)
        case .named(let names):
            self("the number of GPUs", names.count, 1...GPUChoice.most)
            for name in names { self(name: "a GPU", name) }
        case .all, nil: break
        }
        for start in hello.earlier ?? [] {
            self("an earlier start's number", start.generation, OutsideValues.counts)
            self(name: "an earlier coordinator", start.nonce)
        }
        guard let place = hello.place else { return }
        self(name: "its machine", place.machine)
        self(name: "its host", place.host)
        self(words: place.path)
    }

    mutating func callAsFunction(_ welcome: AgentWelcome) {
        self(name: "the machine", welcome.facts.machine)
        self(name: "the machine's boot", welcome.facts.boot)
        self(name: "the CPU", welcome.facts.cpu)
        self("the number of its cores", welcome.facts.cores, OutsideValues.processors)
        self("its memory in bytes", welcome.facts.memory, OutsideValues.bytes)
        self("its free space in bytes", welcome.facts.free, OutsideValues.bytes)
        self("its clock in seconds", welcome.clock ?? 0, OutsideValues.clock)
        self(welcome.facts.gpus ?? [])
        if let loan = welcome.facts.loan {
            self(name: "its node", loan.node)
            self("the time its loan has left in seconds", loan.secondsLeft ?? 0, 0...1e9)
        }
        if Set(welcome.held.map(\.attempt)).count < welcome.held.count { note("it names an attempt twice") }
        for case .ended(let end) in welcome.held.map(\.state) { self(end) }
    }

    mutating func callAsFunction(_ gpus: [GPUFacts]) {
        self("the number of its GPUs", gpus.count, 0...GPUChoice.most)
        if Set(gpus.map(\.id)).count < gpus.count { note("it names a GPU twice") }
        for gpu in gpus {
            self(name: "a GPU", gpu.id)
            self(name: "a GPU's model", gpu.name)
            self("a GPU's number", gpu.index ?? 0, OutsideValues.counts)
            self("a GPU's memory in bytes", gpu.memory ?? 0, OutsideValues.bytes)
            self("a GPU's free memory in bytes", gpu.free ?? 0, OutsideValues.bytes)
            for user in gpu.users ?? [] { self(words: user) }
            self(words: gpu.setAside ?? "")
        }
    }

    mutating func callAsFunction(_ piece: LogPiece) {
        self("the beginning of a log's part", piece.offset, OutsideValues.bytes)
        self("the end of a log's part", piece.end, OutsideValues.bytes)
        if !(0...LogPiece.limit).contains(piece.end - piece.offset) || piece.text.utf8.count > 3 * LogPiece.limit {
            note("a log's part from \(piece.offset) to \(piece.end) has \(piece.text.utf8.count) bytes")
        }
        self(words: piece.problem ?? "")
    }

    mutating func callAsFunction(_ request: ServiceRequest) {
        switch request {
        case .examine(let request): self("the room to try in bytes", request.room, OutsideValues.bytes)
        case .clean(let request): self("an age in seconds", request.youngerThan, within: OutsideValues.counts)
        case .inspect(let request): self("the bytes to read", request.limit ?? 0, OutsideValues.bytes)
        case .examineQueue(_, let settings): self(settings)
        case .describe, .tryWorker, .orphans, .held, .relay: break
        }
    }

    mutating func callAsFunction(_ settings: QueueSettings) {
        self("an allocation's time in seconds", settings.seconds, OutsideValues.counts)
        self("an allocation's cores", settings.cores, OutsideValues.processors)
        self("an allocation's memory in bytes", settings.memory ?? 0, OutsideValues.bytes)
        self("an allocation's GPUs", settings.gpus, 0...GPUChoice.most)
        for text in settings.options
            + [settings.partition, settings.account, settings.qualityOfService].compactMap({ $0 })
        {
            self(words: text)
        }
    }

    mutating func callAsFunction(_ request: RelayRequest) {
        switch request {
        case .submit(let name, let settings):
            self(allocation: name)
            self(settings)
        case .cancel(let name), .open(_, let name): self(allocation: name)
        case .close: break
        }
    }

    mutating func callAsFunction(_ report: RelayReport) {
        switch report {
        case .standing(let standing):
            self(allocation: standing.name)
            self(name: "a job", standing.job ?? "")
            self(name: "a node", standing.node ?? "")
            self(words: standing.words)
        case .refused(let name, let words):
            self(allocation: name)
            self(words: words)
        case .closed(_, let words), .mute(let words): self(words: words)
        case .ready: break
        }
    }

    private mutating func callAsFunction(allocation name: String) {
        if !AllocationName.isPlain(name) { note("its name for an allocation is \"\(name.prefix(80))\"") }
    }

    mutating func callAsFunction(_ answer: ServiceAnswer) {
        switch answer {
        case .examined(let report): self(report)
        case .described(let worker):
            for text in [worker.name, worker.build, worker.cpu, worker.kernels, worker.check] {
                self(name: "the worker", text)
            }
        case .tried(let report):
            let words = [report.program ?? "", report.version ?? "", report.path, report.words]
            for text in words { self(words: text) }
            if let worker = report.description { self(.described(worker)) }
        case .mute(let words): self(words: words)
        case .refused(let refusal): self(words: refusal.message)
        case .cleaned(let report):
            for count in [
                report.files, report.leftovers, report.neededFiles, report.youngFiles, report.attempts,
                report.allocations,
            ] {
                self("a number of files", count, OutsideValues.counts)
            }
            for bytes in [report.bytes, report.leftoverBytes, report.neededBytes, report.youngBytes] {
                self("the size of files", bytes, OutsideValues.bytes)
            }
        case .inspected(let report):
            for count in [report.unread, report.aside] { self("a number of files", count, OutsideValues.counts) }
            for bytes in [report.unreadBytes, report.asideBytes] {
                self("the size of files", bytes, OutsideValues.bytes)
            }
            for damaged in report.damaged { self(words: damaged.words) }
        case .orphans(let orphans):
            for orphan in orphans {
                self("a process's number", Int(orphan.process.pid), 1...Int(Int32.max))
                self(name: "the machine's boot", orphan.process.boot)
                self(name: "a catalogue", orphan.catalogue)
                self(words: orphan.program)
            }
        case .queueExamined(let objection, let fileSystem):
            self(words: objection ?? "")
            self(name: "a file system", fileSystem ?? "")
        case .lacking, .held, .relaying: break
        }
    }

    mutating func callAsFunction(_ report: ExaminationReport) {
        self(name: "the machine", report.machine)
        self(name: "the CPU", report.cpu)
        self(words: report.directory)
        self("the number of its cores", report.cores, OutsideValues.processors)
        self("its memory in bytes", report.memory, OutsideValues.bytes)
        self("its free memory in bytes", report.availableMemory, OutsideValues.bytes)
        self("its free space in bytes", report.free, OutsideValues.bytes)
        self("the number of files it has room for", report.freeFiles ?? 0, OutsideValues.bytes)
        self("the number of files a process may have open", report.descriptors, OutsideValues.bytes)
        self("its clock in seconds", report.clock, OutsideValues.clock)
        for machine in report.otherMachines { self(name: "another machine", machine) }
        for finding in report.findings { self(words: finding.words) }
        self(report.gpus ?? [])
        if let left = report.left { self(name: "the machine's boot", left.boot) }
    }
}
