import DatasetPreparation
import Datasets
import JobContract
import ResultQueries
import SweepModel

/// Trainings whose images are split alike: of one dataset, one subset seed, and one number of parts.
struct SplitGroup {
    struct Member {
        var request: DatasetRequest
        var spec: [String: JSONValue]
    }

    let request: DatasetRequest
    private let members: [Member]
    /// The version of a generator's images.
    var version: Int? { members[0].spec["dataset.generator_version"]?.integerValue }

    /// The members grouped by what decides the split, in an order of their own.
    static func groups(of members: [Member]) -> [SplitGroup] {
        let kept = ["dataset.size", "dataset.part"]
        let groups = Dictionary(grouping: members) { member in
            let keys = member.spec.filter { $0.key.hasPrefix("dataset.") && !kept.contains($0.key) }
            let parts = member.spec["dataset.part"]?.objectValue?["of"] ?? 1
            let text = (try? CanonicalJSON.encode(.object(keys.merging(["parts": parts]) { $1 }))) ?? []
            return "\(member.request.source) \(String(decoding: text, as: UTF8.self))"
        }
        return groups.sorted { $0.key < $1.key }.map { SplitGroup(request: $1[0].request, members: $1) }
    }

    /// A row for each image, in the dataset's order.
    func rows(_ listing: DatasetListing) throws -> [[ResultTable.Cell]] {
        let spec = members[0].spec
        if let digest = listing.digest, spec["dataset.digest"] != .string(digest.hex) {
            throw CommandFailure(
                .invalidInput,
                "\(request.source) has changed: it gives the dataset \(digest.short), and the trials have another. Put the "
                    + "old images back")
        }
        var roles = [(part: String, role: String, size: Int?)](
            repeating: ("", "unused", nil), count: listing.names.count)
        for (part, sizes) in sizesByPart {
            var spec = spec
            spec["dataset.part"] = part
            spec["dataset.size"] = .integer(Int64(sizes.last ?? 1))
            let split: DatasetSplit
            do {
                split = try DatasetSplit(spec: spec, count: listing.names.count, notes: listing.notes)
            } catch {
                throw CommandFailure(.invalidInput, "\(request.shownSource): \(explanation(of: error))")
            }
            let role = spec["dataset.split"] == "unknown" ? "unknown" : nil
            for image in split.heldOut { roles[image] = ("", role ?? "held out", nil) }
            let numbers = part.objectValue ?? [:]
            let name = "\(numbers["index"]?.integerValue ?? 0)/\(numbers["of"]?.integerValue ?? 1)"
            for (rank, image) in split.training.enumerated() {
                roles[image] = (name, role ?? "training", sizes.first { rank < $0 })
            }
        }
        let seed = spec["dataset.subset_seed"]?.integerValue ?? 0
        let dataset =
            "\(printable(request.shownSource)) \(request.resolution)×\(request.resolution)×\(request.channels)"
        return zip(listing.names, roles).map { name, role in
            [
                .text(dataset), .integer(Int64(seed)), .text(role.part), .text(role.role), .init(role.size),
                .text(printable(name)),
            ]
        }
    }

    /// The sizes of the trainings of each part, ascending.
    private var sizesByPart: [(part: JSONValue, sizes: [Int])] {
        let parts = Dictionary(grouping: members) { $0.spec["dataset.part"]?.objectValue?["index"]?.integerValue ?? 0 }
        return parts.sorted { $0.key < $1.key }.map { _, members in
            let sizes = Set(members.compactMap { $0.spec["dataset.size"]?.integerValue })
            return (members[0].spec["dataset.part"] ?? ["index": 0, "of": 1], sizes.sorted())
        }
    }
}
