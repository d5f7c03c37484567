import Foundation
import JobContract
import Scheduling
import SweepModel

/// The requests of commands to the coordinator that runs, and its answers: JSON values, a line each, over its socket.
enum ControlMessages {
    /// Both sides must speak the same version: they are the same program, perhaps of two releases.
    static let version = 1
    /// The longest line either side reads, in bytes.
    static let requestLimit = 1 << 20
    static let answerLimit = 64 << 20

    private struct Envelope<Body: Codable>: Codable {
        var version: Int
        var body: Body
    }
    private struct Version: Codable { var version: Int }

    /// The line for a message, with its end.
    static func line(_ body: some Codable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        encoder.outputFormatting = .withoutEscapingSlashes
        return Array(try encoder.encode(Envelope(version: version, body: body))) + [10]
    }

    /// Reads a line. Throws `ControlError.damaged` or `.otherVersion`.
    static func read<Body: Codable>(_: Body.Type, _ line: some Collection<UInt8>) throws(ControlError) -> Body {
        let data = Data(line)
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do {
            let found = try decoder.decode(Version.self, from: data).version
            guard found == version else { throw ControlError.otherVersion(found) }
            return try decoder.decode(Envelope<Body>.self, from: data).body
        } catch let error as ControlError {
            throw error
        } catch {
            throw .damaged(String(decoding: data.prefix(120), as: UTF8.self))
        }
    }
}

enum ControlError: Error, Hashable {
    /// The line is not a message of this program.
    case damaged(String)
    case otherVersion(Int)
}

enum ControlRequest: Hashable, Sendable, Codable {
    case change(WishChange)
    /// Asks for views until the run ends.
    case watch
    /// Asks for one view.
    case look
    case read(LogQuestion)
    /// Asks the run to stop as Ctrl-C does. The answer, `.done`, comes before the run ends.
    case stop
}

enum ControlAnswer: Hashable, Sendable, Codable {
    case done(WishChange.Outcome)
    /// An exit code and words for a person.
    case refused(status: Int32, message: String)
    /// The run is ending and did nothing. The command asks again, or takes the catalogue's lock.
    case ending
    case view(RunView)
    /// The run has ended with this exit code.
    case ended(status: Int32)
    case log(LogPiece)
}

/// How far a run is in its own estimate.
struct RunProgress: Hashable, Sendable, Codable {
    /// From 0 to 1, of all work.
    var fraction: Double
    /// Nil while nothing is known, and at the end.
    var secondsLeft: Double?
}

/// How far a run is, for a viewer.
struct RunView: Hashable, Sendable, Codable {
    /// The coordinator's process.
    var process: Int32
    /// Nil before its first look at the fleet.
    var fleet: FleetSnapshot?
    /// What the run itself shows of it: it alone has seen all that the estimate rests on.
    var progress: RunProgress?
    /// The notices since the view before; the last ones where there are too many.
    var notices: [String]
}
