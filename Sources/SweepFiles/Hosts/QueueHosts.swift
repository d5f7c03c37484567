import JobContract
import SweepModel

/// A host that is a cluster's queue, as the hosts file describes its allocations.
struct QueueHost {
    /// Keys that such a host has beside those of every host, or reads in its own way.
    static let names = [
        "queue", "partition", "account", "qos", "time", "cores", "allocations", "options", "memory", "gpus", "address",
    ]
    /// Options of `sbatch` that Eigensweep gives itself, or with which a job would not be one allocation.
    private static let own = [
        "--array", "-a", "--job-name", "-J", "--nodes", "-N", "--ntasks", "-n", "--output", "-o", "--error", "-e",
        "--requeue", "--no-requeue", "--parsable", "--test-only", "--wrap", "--wait", "-W", "--open-mode", "--time",
        "-t",
        "--signal", "--chdir", "-D",
    ]
    /// The most allocations that one queue host may have at a time.
    private static let mostAllocations = 1000

    private var settings = QueueSettings()
    private var allocations = 1
    private var hasTime = false

    /// Reads a setting, and returns whether it was one of `names`; others mean what they mean of every host.
    mutating func set(_ member: YAMLTree.Member, in spec: inout HostSpec) throws(SweepFileError) -> Bool {
        let value = member.value
        switch member.key {
        case "queue":
            let text = try value.text("slurm")
            guard let kind = QueueSettings.Kind(rawValue: text) else {
                throw value.failure(
                    "no such queue: \(text)"
                        + NearestName.advice(for: text, among: QueueSettings.Kind.allCases.map(\.rawValue)))
            }
            settings.kind = kind
        case "partition": settings.partition = try word(value, "a partition's name")
        case "account": settings.account = try word(value, "an account's name")
        case "qos": settings.qualityOfService = try word(value, "a quality of service")
        case "time":
            settings.seconds = try time(value)
            hasTime = true
        case "cores": settings.cores = try value.integer("cores of an allocation", in: 1...4096)
        case "allocations":
            allocations = try value.integer("allocations at a time", in: 1...Self.mostAllocations)
        case "options": settings.options = try options(value)
        case "memory":
            settings.memory = try ByteSize.read(value, key: "memory")
            spec.memory = settings.memory
        case "gpus":
            settings.gpus = try value.integer("GPUs of an allocation, which the queue chooses", in: 0...GPUChoice.most)
            spec.gpus = settings.gpus > 0 ? .all : nil
        case "address" where (try? value.text("")) == "local": spec.transport = .local
        case "machine": throw value.failure("allocations have machines of their own: leave it out")
        default: return false
        }
        return true
    }

    /// A host for each of its seats, in their order.
    /// - Throws: where no time limit was given.
    func seats(of spec: HostSpec, at origin: TextOrigin) throws(SweepFileError) -> [HostSpec] {
        guard hasTime else {
            throw SweepFileError(
                "expected the time limit of an allocation, as 4h or 90m", key: "\(spec.name).time", at: origin)
        }
        return (1...allocations).map { number in
            var seat = spec
            seat.name = "\(spec.name)/\(number)"
            // Without an address the SSH configuration knows the login node by its name here.
            if spec.transport != .local { seat.address = spec.address ?? spec.name }
            seat.seat = QueueSeat(queue: spec.name, number: number, settings: settings)
            return seat
        }
    }

    /// A name that is one argument of the queue's command, and no option of it.
    private func word(_ tree: YAMLTree, _ what: String) throws(SweepFileError) -> String {
        let text = try tree.text(what)
        guard !text.isEmpty, !text.hasPrefix("-"), text.utf8.count <= 200,
            !text.contains(where: \.isWhitespace), !text.unicodeScalars.contains(where: ShownText.steers)
        else { throw tree.failure("expected \(what), got \"\(text.prefix(80))\"") }
        return text
    }

    private func options(_ tree: YAMLTree) throws(SweepFileError) -> [String] {
        let texts = try tree.texts("an option of the queue's submission command")
        for text in texts {
            guard text.hasPrefix("-"), text.utf8.count <= 500, !text.unicodeScalars.contains(where: ShownText.steers)
            else { throw tree.failure("expected an option such as --constraint=rome, got \"\(text.prefix(80))\"") }
            let name = String(text.prefix { $0 != "=" })
            // A short option may have its value right behind its letter.
            let isOwn = Self.own.contains {
                $0.hasPrefix("--") ? $0 == name : text.hasPrefix($0) && !text.hasPrefix("--")
            }
            guard !isOwn else {
                throw tree.failure("\(name) is decided by eigensweep: leave it out (time: has a key of its own)")
            }
        }
        return texts
    }

    /// Seconds of a time as people write it (90m, 4h, 1d, 1h30m) or as Slurm does (1-12:00:00, 01:30:00).
    private func time(_ tree: YAMLTree) throws(SweepFileError) -> Int {
        let text = try tree.text("a time limit such as 4h or 90m")
        let seconds = text.contains(":") ? Self.clock(text) : Self.units(text)
        guard let seconds, (QueueSettings.leastSeconds...365 * 86_400).contains(seconds) else {
            throw tree.failure(
                "expected a time limit of a minute or more, such as 4h, 90m or 1-12:00:00, got \"\(text.prefix(40))\"")
        }
        return seconds
    }

    /// Seconds of counts with units, as 1h30m; nil: they are none.
    private static func units(_ text: String) -> Int? {
        var total = 0
        var digits = ""
        for character in text.lowercased() where !character.isWhitespace {
            if character.isASCII, character.isNumber {
                digits.append(character)
                continue
            }
            let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
            guard let unit = units[character], let count = Int(digits), count < 1_000_000 else { return nil }
            total += count * unit
            digits = ""
        }
        return digits.isEmpty ? total : nil
    }

    /// Seconds of [days-]hours:minutes:seconds; nil: it is no such time.
    private static func clock(_ text: String) -> Int? {
        let halves = text.split(separator: "-", omittingEmptySubsequences: false)
        guard let last = halves.last, halves.count <= 2 else { return nil }
        let parts = last.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 3, let hours = parts[0], let minutes = parts[1], let seconds = parts[2],
            (0...10_000).contains(hours), (0..<60).contains(minutes), (0..<60).contains(seconds)
        else { return nil }
        guard halves.count == 2 else { return hours * 3600 + minutes * 60 + seconds }
        guard let days = Int(halves[0]), (0...365).contains(days) else { return nil }
        return days * 86_400 + hours * 3600 + minutes * 60 + seconds
    }
}
