import Glibc
import JobContract

/// Finds this host's GPUs by what the drivers show in files: no tool need be installed.
struct GPUSurvey {
    /// Those that there are, in the drivers' order.
    let present: [GPU]
    /// What the surroundings leave of them.
    let visible: [GPU]

    /// - Parameter environment: what workers find in their environment beside the agent's own.
    init(environment: [String: String] = [:]) {
        func said(_ name: String) -> String? {
            environment[name] ?? getenv(name).map { String(cString: $0) }
        }
        if let directory = said(GPUVariables.pretence), !directory.isEmpty {
            present = Self.pretended(in: directory)
        } else {
            let nvidia = Self.nvidia()
            present = nvidia.isEmpty ? Self.amd() : nvidia
        }
        let isAMD = present.first?.maker == .amd
        let names = isAMD ? [GPUVariables.rocr, GPUVariables.hip, GPUVariables.cuda] : [GPUVariables.cuda]
        guard let words = names.lazy.compactMap(said).first else {
            visible = present
            return
        }
        visible = Self.visible(words, of: present, maker: isAMD ? .amd : present.first?.maker ?? .nvidia)
    }

    /// Those that the hosts file means, and what it names that is not there.
    func chosen(_ choice: GPUChoice) -> (gpus: [GPU], missing: [String]) {
        switch choice {
        case .all: return (visible, [])
        case .first(let count):
            let missing = count > visible.count ? ["\(count) are asked for, there are \(visible.count)"] : []
            return (Array(visible.prefix(count)), missing)
        case .named(let names):
            var gpus: [GPU] = []
            var missing: [String] = []
            for name in names {
                if let gpu = visible.first(where: { $0.isCalled(name) }) {
                    if !gpus.contains(where: { $0.id == gpu.id }) { gpus.append(gpu) }
                } else if name.hasPrefix("MIG-"), present.contains(where: { $0.maker == .nvidia }) {
                    gpus.append(GPU(maker: .nvidia, id: name, uuid: name, name: "part of a GPU"))
                } else {
                    missing.append("there is no GPU \(name)")
                }
            }
            return (gpus, missing)
        }
    }

    /// As CUDA reads the variable: in its order, and nothing behind the first that is none. What it says of a GPU is kept
    /// as it is: its numbers may count among those that a queue left.
    private static func visible(_ text: String, of present: [GPU], maker: GPU.Maker) -> [GPU] {
        var gpus: [GPU] = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false).map({ $0.filter { $0 != " " } }) {
            let known = present.first { $0.isCalled(word) }
            let isNumber = Int(word).map { $0 >= 0 } ?? false
            guard known != nil || isNumber || word.hasPrefix("GPU-") || word.hasPrefix("MIG-"),
                gpus.count < GPUChoice.most, !gpus.contains(where: { $0.id == word })
            else { break }
            var gpu = known ?? GPU(maker: maker, id: word)
            gpu.id = word
            gpus.append(gpu)
        }
        return gpus
    }

    /// By the driver's directories, one a GPU under its place on the bus; those whose device file this root has.
    private static func nvidia() -> [GPU] {
        let places = Files.names(in: "/proc/driver/nvidia/gpus").sorted()
        var gpus: [GPU] = []
        for (index, place) in places.enumerated() {
            var fields: [String: String] = [:]
            for line in (Files.text("/proc/driver/nvidia/gpus/\(place)/information") ?? "").split(separator: "\n") {
                guard let colon = line.firstIndex(of: ":") else { continue }
                fields[String(line[..<colon])] = trimmed(line[line.index(after: colon)...])
            }
            guard let minor = fields["Device Minor"].flatMap({ Int($0) }), isUsable("/dev/nvidia\(minor)") else {
                continue
            }
            // Before the driver has begun to work it shows question marks.
            let uuid = fields["GPU UUID"].flatMap { $0.hasPrefix("GPU-") && !$0.contains("?") ? $0 : nil }
            gpus.append(
                GPU(
                    maker: .nvidia, id: uuid ?? String(index), index: index, uuid: uuid, name: fields["Model"] ?? "",
                    file: "/dev/nvidia\(minor)"))
        }
        if !places.isEmpty { return gpus }
        // In a container there may be the device files alone.
        return (0..<GPUChoice.most).filter { isUsable("/dev/nvidia\($0)") }.map {
            GPU(maker: .nvidia, id: String($0), index: $0, file: "/dev/nvidia\($0)")
        }
    }

    /// By the kernel's nodes for computing, of which those without SIMD units are processors.
    private static func amd() -> [GPU] {
        let nodes = "/sys/class/kfd/kfd/topology/nodes"
        var gpus: [GPU] = []
        for node in Files.names(in: nodes).compactMap({ Int($0) }).sorted() {
            var fields: [String: Int] = [:]
            for line in (Files.text("\(nodes)/\(node)/properties") ?? "").split(separator: "\n") {
                let words = line.split(separator: " ")
                if words.count == 2 { fields[String(words[0])] = Int(words[1]) }
            }
            guard let units = fields["simd_count"], units > 0, let minor = fields["drm_render_minor"],
                case let file = "/dev/dri/renderD\(minor)", isUsable(file)
            else { continue }
            func bytes(_ name: String) -> Int? {
                Files.text("/sys/class/drm/renderD\(minor)/device/\(name)").flatMap { Int(trimmed($0[...])) }
            }
            let memory = bytes("mem_info_vram_total")
            let used = bytes("mem_info_vram_used")
            gpus.append(
                GPU(
                    maker: .amd, id: String(gpus.count), index: gpus.count,
                    uuid: fields["unique_id"].flatMap { $0 > 0 ? "GPU-" + String($0, radix: 16) : nil },
                    name: trimmed((Files.text("\(nodes)/\(node)/name") ?? "")[...]), file: file, memory: memory,
                    free: memory.flatMap { memory in used.map { max(0, memory - $0) } }))
        }
        return gpus
    }

    /// A file a GPU, called by its number; empty, or what is to be said of it: `{"name": …, "uuid": …, "memory": …}`.
    private static func pretended(in directory: String) -> [GPU] {
        Files.names(in: directory).compactMap { Int($0) }.filter { $0 >= 0 }.sorted().prefix(GPUChoice.most).map {
            index in
            let path = "\(directory)/\(index)"
            let said = Files.text(path).flatMap { JSONText.object($0) } ?? [:]
            let uuid = said["uuid"]?.stringValue
            return GPU(
                maker: .pretended, id: uuid ?? String(index), index: index, uuid: uuid,
                name: said["name"]?.stringValue ?? "pretended", file: path, memory: said["memory"]?.integerValue,
                free: said["free"]?.integerValue)
        }
    }

    private static func isUsable(_ file: String) -> Bool { access(file, R_OK | W_OK) == 0 }

    private static func trimmed(_ text: Substring) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\n" }
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text.removeLast() }
        return String(text)
    }
}

/// Who else works with GPUs.
enum GPUUsers {
    /// Programs that have the device file open, as far as this account may look, but for attempts' own; by GPU.
    static func of(_ gpus: [GPU]) -> [String: [String]] {
        var users: [String: [String]] = [:]
        for pid in Files.names(in: "/proc").compactMap({ pid_t($0) }) where pid != getpid() {
            let opened = Files.names(in: "/proc/\(pid)/fd").map { Leftovers.target(of: "/proc/\(pid)/fd/\($0)") }
            guard case let files = Set(opened), !files.isEmpty else { continue }
            let found = gpus.filter { $0.file.map(files.contains) ?? false }
            guard !found.isEmpty, !Leftovers.isOfAttempt(pid) else { continue }
            let program = (Files.text("/proc/\(pid)/comm") ?? "").split(separator: "\n").first ?? "a program"
            for gpu in found { users[gpu.id, default: []].append("\(program), process \(pid)") }
        }
        return users
    }
}
