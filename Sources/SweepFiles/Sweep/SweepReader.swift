import JobContract
import SweepModel

/// Reads the sections of a sweep file.
struct SweepReader {
    var file: String
    var folder: String
    var keys = KeyTable.ours

    private static let mostBlocks = 10_000
    private static let mostProfiles = 100
    static let sections = ["dataset", "model", "training"]
    static let topics = [
        "name", "about", "dataset", "model", "training", "seed", "grid", "measures", "needs", "worker", "profiles",
    ]

    func read(_ text: String, into content: inout SweepContent) throws(SweepFileError) {
        let tree = try YAMLTree(parsing: text, file: file)
        content.folder = folder
        var faults = SweepFileError.Faults()
        for member in try tree.members("a sweep") {
            faults.collect { () throws(SweepFileError) in try read(member, into: &content) }
        }
        try faults.check()
        if content.blocks.isEmpty { content.blocks = [GridBlock(origin: tree.origin)] }
    }

    private func read(_ member: YAMLTree.Member, into content: inout SweepContent) throws(SweepFileError) {
        switch member.key {
        case "grid":
            let blocks = member.value.list ?? [member.value]
            guard !blocks.isEmpty else { throw member.value.failure("the grid is empty", key: "grid") }
            guard blocks.count <= Self.mostBlocks else {
                throw member.value.failure(
                    "has \(blocks.count) blocks: expected at most \(Self.mostBlocks)", key: "grid")
            }
            var values = 0
            var faults = SweepFileError.Faults()
            for tree in blocks {
                faults.collect { () throws(SweepFileError) in
                    let block = try GridBlock(tree, folder: folder, keys: keys)
                    values += block.valueCount
                    try GridAxis.check(values, at: tree.origin)
                    content.blocks.append(block)
                }
            }
            try faults.check()
        case "profiles":
            let profiles = try member.value.members("profiles by name")
            guard profiles.count <= Self.mostProfiles else {
                throw member.value.failure(
                    "expected at most \(Self.mostProfiles), got \(profiles.count)", key: "profiles")
            }
            for profile in profiles {
                content.profiles.append((profile.key, profile.value))
            }
        case let section where keys.sections.contains(section):
            var faults = SweepFileError.Faults()
            for inner in try member.value.members("keys of \(section)") {
                var flat = inner
                flat.key = "\(section).\(inner.key)"
                faults.collect { () throws(SweepFileError) in try set(flat, in: &content) }
            }
            try faults.check()
        case let topic where Self.topics.contains(topic) && topic != "seed":
            try readTopic(member, into: &content)
        default:
            try set(member, in: &content)
        }
    }

    private func set(_ member: YAMLTree.Member, in content: inout SweepContent) throws(SweepFileError) {
        let key = try keys.find(member.key, at: member.origin, also: Self.topics)
        if let earlier = content.settings[key.name] {
            throw SweepFileError("given twice, here and at \(earlier.origin)", key: key.name, at: member.origin)
        }
        let asked = try readOne(key, member.value)
        content.settings[key.name] = SweepSetting(
            value: key.resolved(asked, folder: folder), asked: key.shown(asked), origin: member.value.origin)
    }

    private func readOne(_ key: SpecKey, _ tree: YAMLTree) throws(SweepFileError) -> JSONValue {
        do {
            return try key.read(tree)
        } catch {
            if tree.list != nil || tree.mapping != nil, (try? key.readAxis(tree, folder: folder)) != nil {
                throw tree.failure("expected one value, \(key.expected); axes belong under grid:", key: key.name)
            }
            throw error
        }
    }

    /// Reads what is no key of a trial, in the file, in a profile or in `--set`.
    func readTopic(_ member: YAMLTree.Member, into content: inout SweepContent) throws(SweepFileError) {
        switch member.key {
        case "name":
            let name = try member.value.text("the sweep's name")
            if let fault = PlainName.fault(name) {
                throw member.value.failure(
                    "expected a name without \"/\" for the sweep and the folder of its figures, got \"\(name.prefix(80))\": "
                        + fault, key: "name")
            }
            content.name = name
        case "about": content.about = member.value.isEmpty ? "" : try member.value.text("a text")
        case "measures": content.measures = try readMeasures(member.value)
        case "needs":
            var faults = SweepFileError.Faults()
            for need in try member.value.members("memory, tags and gpus") {
                faults.collect { () throws(SweepFileError) in try readNeed(need, into: &content) }
            }
            try faults.check()
        case "worker":
            for part in try member.value.members("command, upload and measures") {
                try readWorker(part, into: &content)
            }
        default: throw SweepFileError("cannot be set here", key: member.key, at: member.origin)
        }
    }

    func readNeed(_ member: YAMLTree.Member, into content: inout SweepContent) throws(SweepFileError) {
        switch member.key {
        case "memory": content.needs.memory = try ByteSize.read(member.value, key: "needs.memory")
        case "tags": content.needs.tags = Set(try member.value.texts("a tag"))
        case "gpus": content.needs.gpus = try member.value.integer("a number of GPUs", in: 0...GPUChoice.most)
        default:
            throw SweepFileError(
                "no such need" + NearestName.advice(for: member.key, among: ["memory", "tags", "gpus"]),
                key: "needs.\(member.key)", at: member.origin)
        }
    }

    func readWorker(_ member: YAMLTree.Member, into content: inout SweepContent) throws(SweepFileError) {
        switch member.key {
        case "command":
            content.worker.command = try member.value.texts("a program and its arguments")
            guard content.worker.command.first?.isEmpty == false else {
                throw member.value.failure("expected a program and its arguments, got none", key: "worker.command")
            }
        case "upload":
            content.worker.upload = try member.value.texts("a file").map { TextFile.absolute($0, from: folder) }
            let names = content.worker.upload.map { TextFile.lastName(of: $0) }
            if let wrong = names.first(where: { !PlainName.isComponent($0) }) {
                throw member.value.failure("\"\(wrong.prefix(80))\" is no file's name", key: "worker.upload")
            }
            guard Set(names).count == names.count else {
                throw member.value.failure("two files have the same last name", key: "worker.upload")
            }
        case "measures":
            let name = try member.value.text("the worker that takes the measures")
            guard name == WorkerCommand.ours else {
                throw member.value.failure(
                    "expected \(WorkerCommand.ours), the only worker that measures networks of others, got \(name.prefix(80))",
                    key: "worker.measures")
            }
            content.worker.measures = name
        default:
            let parts = ["command", "upload", "measures"]
            throw SweepFileError(
                "no such part of a worker" + NearestName.advice(for: member.key, among: parts),
                key: "worker.\(member.key)", at: member.origin)
        }
    }

    private func readMeasures(_ tree: YAMLTree) throws(SweepFileError) -> [MeasureWish] {
        if tree.isEmpty { return [] }
        var wishes: [MeasureWish] = []
        for item in tree.list ?? [tree] {
            guard let members = item.mapping else {
                let name = try item.text("a measure's name, or {name: {parameter: value}}")
                wishes.append(MeasureWish(name: name, parameters: [], origin: item.origin))
                continue
            }
            guard members.count == 1, let member = members.first else {
                throw item.failure("expected {name: {parameter: value, …}}", key: "measures")
            }
            let parameters = member.value.isEmpty ? [] : try member.value.members("parameters by name")
            wishes.append(
                MeasureWish(
                    name: member.key, parameters: parameters.map { ($0.key, $0.value) }, origin: member.origin))
        }
        return wishes
    }
}
