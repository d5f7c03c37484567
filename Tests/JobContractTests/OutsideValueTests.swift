import Testing

@testable import JobContract

/// Numbers at the ends of `Int`, absurd facts and endless texts are refused where they are read.
@Suite struct OutsideValueTests {
    private static let digest = Digest(of: Array("content".utf8))
    private static let absurd = [Int.min, -1 << 60, (1 << 60) + 1, .max - 7, .max]

    private func refuses<Message: AgentProtocolMessage>(_: Message.Type, _ frame: Frame) -> Bool {
        do {
            _ = try AgentProtocol.message(Message.self, in: frame)
            return false
        } catch { return true }
    }

    private func refuses(_ message: AgentMessage) throws -> Bool {
        refuses(AgentMessage.self, try AgentProtocol.frame(message))
    }

    private func refuses(_ message: CoordinatorMessage) throws -> Bool {
        refuses(CoordinatorMessage.self, try AgentProtocol.frame(message))
    }

    private static func welcome(_ change: (inout AgentWelcome) -> Void) -> AgentMessage {
        var welcome = AgentWelcome(
            HostFacts(machine: "m", boot: "b", cores: 8, memory: 1 << 34, cpu: "c", free: 1 << 40),
            held: [HeldAttempt(attempt: AttemptNumber(1), job: JobID(digest), state: .running)])
        change(&welcome)
        return .welcome(welcome)
    }

    @Test(arguments: [0, -1, .min, (1 << 53) + 1, 9_223_372_036_854_775_800, .max])
    func numbersThatNoAttemptHas(number: Int) throws {
        let attempt = AttemptNumber(number)
        let held = HeldAttempt(attempt: attempt, job: JobID(Self.digest), state: .backlog)
        for message in [
            .accepted(attempt), .running(attempt), .ended(attempt, .exited(code: 0), diagnostics: ""),
            .ended(attempt, .vanished, diagnostics: ""), .lacking(attempt, []), Self.welcome { $0.held = [held] },
        ] as [AgentMessage] { #expect(try refuses(message), "\(message)") }
        for message in [.cancel(attempt), .release(attempt), .acknowledge(attempt, offset: 1)] as [CoordinatorMessage] {
            #expect(try refuses(message), "\(message)")
        }
        if number >= 0 {
            let line = EventLine(attempt: attempt, end: 1, line: [])
            #expect(throws: ProtocolError.self) { try EventLine(line.frame.payload) }
        }
    }

    @Test(arguments: absurd) func absurdFactsOfAHost(number: Int) throws {
        for message in [
            Self.welcome { $0.facts.cores = number }, Self.welcome { $0.facts.memory = number },
            Self.welcome { $0.facts.free = number },
            .sending(transfer: 1, bytes: number), .ended(AttemptNumber(1), .exited(code: number), diagnostics: ""),
            .ended(AttemptNumber(1), .signalled(signal: number), diagnostics: ""),
            .ended(AttemptNumber(1), .stopped(.cancelled, exit: number), diagnostics: ""),
            .log(request: 1, LogPiece(offset: number, end: number, text: "", isComplete: false)),
            .log(request: 1, LogPiece(offset: 5, end: 1, text: "", isComplete: false)),
            .served(.cleaned(CleaningReport(files: number))), .served(.cleaned(CleaningReport(bytes: number))),
            .served(.inspected(InspectionReport(unread: number))),
        ] as [AgentMessage] { #expect(try refuses(message), "\(message)") }
        #expect(try !refuses(Self.welcome { _ in }))
    }

    @Test(arguments: absurd) func absurdOrdersOfACoordinator(number: Int) throws {
        let examination = ExaminationRequest(directory: "~", room: number)
        for message in [
            .acknowledge(AttemptNumber(1), offset: number), .upload(transfer: 1, digest: Self.digest, bytes: number),
            .read(request: 1, LogQuestion(attempt: AttemptNumber(1), stream: .errors, offset: number)),
            .service(.examine(examination)),
        ] as [CoordinatorMessage] {
            if number == -1 << 60 || number == (1 << 60) + 1 || abs(number / 2) > 1 << 56 {
                #expect(try refuses(message), "\(message)")
            }
        }
    }

    @Test func textsWithoutEnd() throws {
        let long = String(repeating: "x", count: 100_000)
        for message in [
            Self.welcome { $0.facts.machine = long }, Self.welcome { $0.facts.cpu = long },
            .ended(AttemptNumber(1), .exited(code: 0), diagnostics: long), .storeDamaged(long),
            .greeting(AgentGreeting(digest: Self.digest, machine: long)),
        ] as [AgentMessage] { #expect(try refuses(message)) }
        // Words of an agent for people are cut before they are sent.
        #expect(try !refuses(AgentMessage.refused(AttemptNumber(1), AgentRefusal(.noSpace, long))))
    }

    @Test(arguments: [
        #"{"event":"checkpoint","steps":9223372036854775807,"milestone":true,"parameters":1,"seconds":1}"#,
        #"{"event":"checkpoint","steps":-1,"milestone":true,"parameters":1,"seconds":1}"#,
        #"{"event":"checkpoint","steps":1,"milestone":true,"parameters":-9223372036854775808,"seconds":1}"#,
        #"{"event":"checkpoint","steps":1,"milestone":true,"parameters":1,"seconds":1e300}"#,
        #"{"event":"paused","steps":9223372036854775807}"#,
        #"{"event":"progress","done":-5,"of":1,"unit":"steps","rate":1}"#,
    ]) func eventsOfNoWorker(line: String) {
        #expect(WorkerEvent(line: line.utf8) == nil)
        #expect(WorkerEvent(line: #"{"event":"paused","steps":7}"#.utf8) == .paused(steps: 7))
    }

    @Test func aFileOfNegativeSizeIsNone() {
        let file = #"{"path":"w","digest":"\#(Self.digest.hex)","bytes":-1}"#
        let line =
            #"{"event":"checkpoint","steps":1,"milestone":true,"weights":\#(file),"parameters":1,"seconds":1}"#
        #expect(WorkerEvent(line: line.utf8) == nil)
    }

    @Test(arguments: ["../a.png", "/a.png", "-a", ".a", "", "store", "catalogue.sqlite"])
    func anArtifactHasAName(name: String) {
        func line(_ name: String) -> String {
            let file = #"{"path":"w","digest":"\#(Self.digest.hex)","bytes":1}"#
            return #"{"event":"measure","trial":"\#(Self.digest.hex)","checkpoint":"\#(Self.digest.hex)","rows":[],"#
                + #""request":{"measure":"m","version":1,"parameters":{}},"seconds":1,"#
                + #""artifacts":[{"name":"\#(name)","mediaType":"image/png","file":\#(file)}]}"#
        }
        #expect(WorkerEvent(line: line("a.png").utf8) != nil)
        #expect(WorkerEvent(line: line(name).utf8) == nil)
    }

    @Test func aReasonIsCutWhereItIsTooLong() throws {
        let long = String(repeating: "é", count: 50_000)
        let event = try #require(
            WorkerEvent(line: #"{"event":"failed","kind":"internal","message":"\#(long)"}"#.utf8))
        guard case .failed(let failed) = event else {
            Issue.record("\(event)")
            return
        }
        #expect(failed.message.utf8.count <= OutsideValues.wordsLength && failed.message.hasPrefix("éé"))
        #expect("aé".cut(toBytes: 2) == "a")
    }

    /// No measurement has so many samples, or such a place.
    @Test(arguments: absurd) func absurdNumbersOfMeasurements(number: Int) throws {
        func event(n: Int? = nil, position: Int? = nil) throws -> WorkerEvent? {
            let row = MeasureRow(quantity: "q", position: position, value: 1, n: n)
            let measured = WorkerEvent.Measured(
                trial: TrialID(Self.digest), request: MeasureRequest(measure: "m", version: 1, parameters: [:]),
                checkpoint: Self.digest, rows: [row], artifacts: [], seconds: 1)
            return WorkerEvent(line: try JSONText.encode(WorkerEvent.measure(measured)))
        }
        #expect(try event(n: number) == nil && event(position: number) == nil)
        #expect(try event(n: 256, position: 3) != nil)
    }
}
