import Foundation
import JobContract

/// A conversation's frames, and changes of them. An input is a list of changes of valid frames, so that the conversation is
/// nearly always read to its end.
struct ConversationScript {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

    /// Numbers that changes put in others' places.
    private static let numbers: [Int] = [
        0, 1, 2, 3, 4, 7, 255, 256, 65_536, 65_537, -1, -2, 1 << 31, 1 << 32, 1 << 52, 1 << 53, (1 << 53) + 1, 1 << 56,
        1 << 60, .max, .max - 7, .max - 1, .min, .min + 1,
    ]
    private static let texts = ["", "..", "/", "\u{0}", "\u{1b}[2J", String(repeating: "x", count: 70_000), "NaN", "é"]

    /// The next draw below `count`; 0 when the input is used up.
    private mutating func draw(_ count: Int) -> Int {
        guard count > 0, let first = bytes.popFirst() else { return 0 }
        guard count > 256, let second = bytes.popFirst() else { return Int(first) % count }
        return (Int(first) << 8 | Int(second)) % count
    }

    /// The frames after all changes.
    mutating func apply(to frames: [Frame]) -> [Frame] {
        var frames = frames
        while !bytes.isEmpty, frames.count < 512 {
            let change = draw(12)
            guard !frames.isEmpty else { return frames }
            let place = draw(frames.count)
            switch change {
            case 0: frames.swapAt(place, draw(frames.count))
            case 1: frames.insert(frames[place], at: draw(frames.count))
            case 2: frames.remove(at: place)
            case 3: frames[place].kind = FrameKind(rawValue: UInt8(1 + draw(5))) ?? .control
            case 4: frames[place].payload.removeLast(min(frames[place].payload.count, draw(64)))
            case 5: frames[place].payload += [UInt8](repeating: UInt8(draw(256)), count: draw(1024))
            case 6, 7: overwrite(&frames[place])
            default: changeValue(of: &frames[place])
            }
        }
        return frames
    }

    /// Overwrites eight bytes of a packed message.
    private mutating func overwrite(_ frame: inout Frame) {
        guard frame.payload.count >= 9 else { return }
        let place = 1 + draw(frame.payload.count - 8)
        var number: [UInt8] = []
        number.append(little: Int64(Self.numbers[draw(Self.numbers.count)]))
        for index in 0..<min(8, frame.payload.count - place) { frame.payload[place + index] = number[index] }
    }

    /// Changes a number or text of a JSON message, or of the event behind an event frame's numbers.
    private mutating func changeValue(of frame: inout Frame) {
        let head = frame.kind == .event ? min(16, frame.payload.count) : 0
        guard let value = JSONText.read(frame.payload[head...]) else { return overwrite(&frame) }
        let count = value.leaves
        guard count > 0 else { return }
        var place = draw(count)
        let change: JSONValue =
            draw(4) > 0
            ? .integer(Int64(Self.numbers[draw(Self.numbers.count)])) : .string(Self.texts[draw(Self.texts.count)])
        guard let text = try? JSONEncoder().encode(value.changed(at: &place, to: change)) else { return }
        frame.payload.replaceSubrange(head..., with: text)
    }
}

extension JSONValue {
    /// How many numbers, texts and other leaves it has.
    fileprivate var leaves: Int {
        switch self {
        case .array(let values): values.reduce(0) { $0 + $1.leaves }
        case .object(let members): members.values.reduce(0) { $0 + $1.leaves }
        default: 1
        }
    }

    fileprivate func changed(at place: inout Int, to other: JSONValue) -> JSONValue {
        switch self {
        case .array(let values): return .array(values.map { $0.changed(at: &place, to: other) })
        case .object(let members):
            var changed: [String: JSONValue] = [:]
            for (key, value) in members.sorted(by: { $0.key < $1.key }) {
                changed[key] = value.changed(at: &place, to: other)
            }
            return .object(changed)
        default:
            defer { place -= 1 }
            return place == 0 ? other : self
        }
    }
}
