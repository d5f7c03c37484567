import CPosix
import ContentStore
import Glibc
import JobContract

/// Answers what is asked of the host itself, in the bridge, one request after the other.
final class HostService {
    private var receivers: [UInt32: FileReceiver] = [:]
    private var store: ContentStore?

    /// What goes back for a frame; nil when the frame is none of this service's.
    func answer(to frame: Frame) throws -> [Frame]? {
        switch frame.kind {
        case .control:
            switch try AgentProtocol.message(CoordinatorMessage.self, in: frame) {
            case .service(let request): return [try AgentProtocol.frame(AgentMessage.served(answer(to: request)))]
            case .upload(let transfer, let digest, let bytes): return try begin(transfer, digest, bytes)
            default: return nil
            }
        case .chunk: return try take(try Chunk(frame.payload))
        case .event, .received, .attempt: return nil
        }
    }

    private func answer(to request: ServiceRequest) -> ServiceAnswer {
        do {
            switch request {
            case .examine(let request): return .examined(try HostExamination(request).run())
            case .describe(let request):
                let place = try AgentPlace(directory: request.directory, catalogue: "none")
                try Files.makeDirectory(place.root)
                let store = try ContentStore(directory: place.store)
                self.store = store
                return try WorkerDescribing(place: place, store: store, request: request).answer()
            case .orphans(let request): return .orphans(try OrphanSearch(request).run())
            case .held(let request):
                let place = try AgentPlace(directory: request.directory, catalogue: request.catalogue)
                return .held(
                    try place.heldOrders().map { HeldNumber(attempt: $0.key, hasEnded: $0.value.hasEnded) })
            case .clean(let request): return .cleaned(try HostCleaning(request).run())
            }
        } catch let refusal as AgentRefusal {
            return .refused(refusal)
        } catch StoreError.noSpace(let path) {
            return .refused(AgentRefusal(.noSpace, "no space left to write \(path)"))
        } catch {
            return .refused(AgentRefusal(.agentFailed, "\(error)"))
        }
    }

    /// Files are brought for a request that found them lacking: the store is known then.
    private func begin(_ transfer: UInt32, _ digest: Digest, _ bytes: Int) throws -> [Frame] {
        guard let store else { throw ProtocolError("a file came that nothing asked for") }
        do {
            let receiver = try FileReceiver(digest: digest, bytes: bytes, depot: store)
            receivers[transfer] = receiver
            return receiver.isComplete ? [try finish(transfer, receiver)] : []
        } catch {
            return [try refusal(transfer, error)]
        }
    }

    private func take(_ chunk: Chunk) throws -> [Frame]? {
        guard let receiver = receivers[chunk.transfer] else { return nil }
        do {
            try receiver.take(chunk)
            let receipt = Received(transfer: chunk.transfer, bytes: receiver.received).frame
            return receiver.isComplete ? [receipt, try finish(chunk.transfer, receiver)] : [receipt]
        } catch {
            return [try refusal(chunk.transfer, error)]
        }
    }

    private func finish(_ transfer: UInt32, _ receiver: FileReceiver) throws -> Frame {
        try receiver.finish()
        receivers[transfer] = nil
        return try AgentProtocol.frame(AgentMessage.stored(transfer: transfer))
    }

    private func refusal(_ transfer: UInt32, _ error: any Error) throws -> Frame {
        receivers[transfer] = nil
        let refusal: AgentRefusal =
            switch error {
            case let refusal as AgentRefusal: refusal
            case StoreError.noSpace(let path): AgentRefusal(.noSpace, "no space left to write \(path)")
            default: AgentRefusal(.transferFailed, "\(error)")
            }
        return try AgentProtocol.frame(AgentMessage.notStored(transfer: transfer, refusal))
    }
}
