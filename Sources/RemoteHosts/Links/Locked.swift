import Foundation
import SweepModel

/// A value behind a lock.
package final class Locked<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value

    package init(_ value: Value) { self.value = value }

    package func with<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}

/// Which alias is connected to which machine.
final class MachineRegistry: Sendable {
    private let names = Locked<[String: String]>([:])

    /// Claims a machine for a host; the other alias when it is taken.
    func claim(_ machine: String, for name: String) -> String? {
        names.with { names in
            if let other = names[machine], other != name { return other }
            names[machine] = name
            return nil
        }
    }

    func release(_ name: String) {
        names.with { names in names = names.filter { $0.value != name } }
    }
}

/// Limits how many connections are being made at once.
final class ConnectGate: Sendable {
    private let semaphore: DispatchSemaphore

    init(width: Int) { semaphore = DispatchSemaphore(value: width) }

    func pass<Result>(_ body: () throws(HostFailure) -> Result) throws(HostFailure) -> Result {
        semaphore.wait()
        defer { semaphore.signal() }
        return try body()
    }
}
