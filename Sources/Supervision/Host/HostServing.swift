import CPosix
import ContentStore
import Glibc
import JobContract

/// Answers what is asked of the host itself, in the bridge, one request after the other.
final class HostService {
    private var uploads = Uploads()
    private var store: ContentStore?
    private let damages = DamageNews()

    /// Gives what goes back for a frame to `send`, piece by piece; false when the frame is none of this service's.
    func answer(_ frame: Frame, send: (Frame) throws -> Void) throws -> Bool {
        switch frame.kind {
        case .control:
            switch try AgentProtocol.message(CoordinatorMessage.self, in: frame) {
            case .service(.relay): return false
            case .service(let request):
                let answer = answer(to: request)
                try tellDamages(send)
                try send(AgentProtocol.frame(AgentMessage.served(answer)))
            case .upload(let transfer, let digest, let bytes):
                // Files are brought for a request that found them lacking: the store is known then.
                guard let store else { throw ProtocolError("a file came that nothing asked for") }
                try tell(uploads.open(transfer, digest, bytes: bytes, into: store), send)
            case .fetch(let transfer, let digest): try give(transfer, digest, send)
            default: return false
            }
        case .chunk:
            let chunk = try Chunk(frame.payload)
            guard uploads.isOpen(chunk.transfer) else { return false }
            try tell(uploads.write(chunk), send)
        case .event, .received, .attempt, .relayed: return false
        }
        return true
    }

    private func tellDamages(_ send: (Frame) throws -> Void) throws {
        for words in damages.takeAll() { try send(AgentProtocol.frame(AgentMessage.storeDamaged(words))) }
    }

    /// Damage that storing a file met is told before the answer about the file.
    private func tell(_ answers: [UploadAnswer], _ send: (Frame) throws -> Void) throws {
        try tellDamages(send)
        for answer in answers { try send(answer.frame) }
    }

    private func openStore(_ place: AgentPlace) throws(StoreError) -> ContentStore {
        let store = try ContentStore(directory: place.store) { [damages] in damages.add($0) }
        self.store = store
        return store
    }

    private func answer(to request: ServiceRequest) -> ServiceAnswer {
        do {
            switch request {
            case .examine(let request): return .examined(try HostExamination(request).run())
            case .describe(let request):
                let place = try AgentPlace(directory: request.directory, catalogue: "none")
                try Files.makeDirectory(place.root, durably: true)
                let store = try openStore(place)
                return try WorkerDescribing(place: place, store: store, request: request).answer()
            case .tryWorker(let request):
                let place = try AgentPlace(directory: request.directory, catalogue: "none")
                try Files.makeDirectory(place.root, durably: true)
                return try WorkerTrying(place: place, store: try openStore(place), request: request).answer()
            case .orphans(let request): return .orphans(try OrphanSearch(request).run())
            case .held(let request):
                let place = try AgentPlace(directory: request.directory, catalogue: request.catalogue)
                return .held(
                    try place.heldOrders().map { HeldNumber(attempt: $0.key, hasEnded: $0.value.hasEnded) })
            case .inspect(let request):
                let place = try AgentPlace(directory: request.directory, catalogue: "none")
                // An inspection makes no directory.
                guard access(place.store, F_OK) == 0 else { return .inspected(InspectionReport()) }
                return .inspected(
                    try openStore(place).inspect(
                        request.wanted, limit: request.limit, putsAside: request.putsAside))
            case .clean(let request): return .cleaned(try HostCleaning(request).run())
            case .relay: return .relaying
            case .examineQueue(let place, let settings):
                return .queueExamined(
                    objection: try Relay.objection(in: place, to: settings),
                    fileSystem: try SharedDirectory.localFileSystem(of: place))
            }
        } catch let refusal as AgentRefusal {
            return .refused(refusal)
        } catch StoreError.noSpace(let path) {
            return .refused(AgentRefusal(.noSpace, "no space left to write \(path)"))
        } catch {
            return .refused(AgentRefusal(.agentFailed, explanation(of: error)))
        }
    }

    /// Sends a file that an inspection found whole; the connection's own patience paces it.
    private func give(_ transfer: UInt32, _ digest: Digest, _ send: (Frame) throws -> Void) throws {
        guard let store else { throw ProtocolError("a file is asked for before its store is known") }
        func refuse(_ refusal: AgentRefusal) throws {
            try send(AgentProtocol.frame(AgentMessage.notSending(transfer: transfer, refusal)))
        }
        guard let path = store.wholeFile(digest) else {
            return try refuse(
                AgentRefusal(.transferFailed, "the host's store no longer has the file \(digest.short) whole"))
        }
        do {
            let sender = try FileSender(transfer: transfer, path: path)
            try send(AgentProtocol.frame(AgentMessage.sending(transfer: transfer, bytes: sender.bytes)))
            while !sender.isDone, let piece = try sender.nextAtOnce() { try send(piece) }
        } catch let refusal as AgentRefusal {
            try refuse(refusal)
        }
    }
}
