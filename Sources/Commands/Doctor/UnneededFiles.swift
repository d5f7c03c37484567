import ContentStore
import Foundation
import JobContract
import PythonPackage
import ResultCatalogue

/// Files of a store that nothing needs: neither the catalogue names them, nor is it the present file of a worker, nor a
/// prepared dataset that is remembered. They only take up room.
struct UnneededFiles {
    let digests: [Digest]
    let bytes: Int

    /// - Parameters:
    ///   - stored: all files of the store.
    ///   - referenced: those that the catalogue names.
    ///   - cache: the file that remembers prepared datasets.
    ///   - programs: programs beside this one, which the store has for hosts.
    init(
        of store: ContentStore, stored: [Digest], referenced: Set<Digest>, reader: CatalogueReader, cache: String,
        programs: [String]
    ) throws {
        let remembered = FileManager.default.contents(atPath: cache).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let needed = referenced.union(try reader.statesOnHosts())
            .union(try Self.current(stored, of: store, reader, programs))
        digests = stored.filter { !needed.contains($0) && !remembered.contains($0.hex) }
        bytes = digests.reduce(0) { $0 + (store.size(of: $1) ?? 0) }
    }

    /// The files of workers as they are now, which the next run would bring here again.
    static func current(
        _ stored: [Digest], of store: ContentStore, _ reader: CatalogueReader, _ programs: [String]
    ) throws -> Set<Digest> {
        var digests = try reader.latestWorkerFiles()
        digests.insert(Digest(of: PythonPackage.file.utf8))
        let sizes = Set(stored.compactMap(store.size(of:)))
        for program in programs {
            let bytes = try FileManager.default.attributesOfItem(atPath: program)[.size] as? Int
            // Only a file of its size can be it, and to read it takes a while.
            if bytes.map(sizes.contains) == true { digests.insert(try Digest(ofFile: program)) }
        }
        return digests
    }

    /// Nothing else may write catalogue and store meanwhile.
    func remove(from store: ContentStore) throws {
        for digest in digests where store.contains(digest) { try store.remove(digest) }
        try store.removeTemporaries(olderThan: 3600)
    }
}
