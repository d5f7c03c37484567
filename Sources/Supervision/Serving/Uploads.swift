import ContentStore
import JobContract

/// Files on their way from one coordinator into the store, by the number of their transfer. Each call returns what is to
/// be answered.
struct Uploads {
    private var receivers: [UInt32: FileReceiver] = [:]

    func isOpen(_ transfer: UInt32) -> Bool { receivers[transfer] != nil }

    /// A file is announced. Its content comes in pieces, unless it is empty.
    mutating func open(
        _ transfer: UInt32, _ digest: Digest, bytes: Int, into depot: any FileDepot
    ) -> [UploadAnswer] {
        do {
            let receiver = try FileReceiver(digest: digest, bytes: bytes, depot: depot)
            receivers[transfer] = receiver
            return try settle(transfer, receiver)
        } catch {
            return [refuse(transfer, error)]
        }
    }

    /// A piece came. One of a transfer that is not open belongs to a file that was refused, and is dropped.
    mutating func write(_ chunk: Chunk) -> [UploadAnswer] {
        guard let receiver = receivers[chunk.transfer] else { return [] }
        var answers: [UploadAnswer] = []
        do {
            try receiver.write(chunk)
            answers.append(.received(Received(transfer: chunk.transfer, bytes: receiver.received)))
            answers += try settle(chunk.transfer, receiver)
        } catch {
            answers.append(refuse(chunk.transfer, error))
        }
        return answers
    }

    /// Stores a file that is all here.
    private mutating func settle(_ transfer: UInt32, _ receiver: FileReceiver) throws -> [UploadAnswer] {
        guard receiver.isComplete else { return [] }
        try receiver.finish()
        receivers[transfer] = nil
        return [.message(.stored(transfer: transfer))]
    }

    private mutating func refuse(_ transfer: UInt32, _ error: any Error) -> UploadAnswer {
        receivers[transfer] = nil
        let refusal: AgentRefusal =
            switch error {
            case let refusal as AgentRefusal: refusal
            case StoreError.noSpace(let path): AgentRefusal(.noSpace, "no space left to write \(path)")
            default: AgentRefusal(.transferFailed, explanation(of: error))
            }
        return .message(.notStored(transfer: transfer, refusal))
    }
}

/// What is answered to an upload.
enum UploadAnswer {
    /// So much of the file is here.
    case received(Received)
    /// It is stored, or refused.
    case message(AgentMessage)

    var frame: Frame {
        get throws {
            switch self {
            case .received(let receipt): receipt.frame
            case .message(let message): try AgentProtocol.frame(message)
            }
        }
    }
}
