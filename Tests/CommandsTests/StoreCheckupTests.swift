import Foundation
import JobContract
import ResultCatalogue
import SweepModel
import Testing

@testable import Commands

/// What `doctor` says of the files beside a catalogue.
@Suite struct StoreCheckupTests {
    /// The catalogue knows a state that only a host keeps. It came here too, and a coordinator died before it could record
    /// that.
    @Test func theCopyOfAStateThatAHostKeepsIsNoStray() throws {
        let directory = NSTemporaryDirectory() + "store-checkup-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/catalogue.sqlite"
        try SampleCatalogue.write(to: path)
        var options = CatalogueOptions()
        options.catalogue = path
        let workplace = try Workplace(options)
        let (store, catalogue) = (workplace.store, workplace.catalogue)
        let kept = try store.put(Array("kept".utf8))
        // The worker as it is now lies beside this program, and hosts are given the store's copy.
        let program = directory + "/eigensweep-worker"
        try "a worker".write(toFile: program, atomically: true, encoding: .utf8)
        _ = try store.put(copyOf: program)
        let stray = try store.put(Array("a stray".utf8))
        let training = try #require(try catalogue.reader.sweep(named: "small")?.trials.last?.training)
        try catalogue.commit([
            .attemptIntended(
                AttemptRecord(
                    attempt: AttemptNumber(9), job: JobID(kept), training: training, kind: .train, trials: [],
                    host: "far", machine: "m", boot: "b", cpu: "c")),
            .stateKept(training, AttemptNumber(9), ResumePoint(steps: 50, state: kept), bytes: 4),
        ])
        let checkup = StoreCheckup(
            reader: catalogue.reader, store: store, cache: directory + "/none", programs: [program], isThorough: false,
            mending: nil)
        let problems = try checkup.findings().map(\.problem)
        #expect(problems.contains { $0.hasPrefix("1 file (7 B) that the catalogue does not name") }, "\(problems)")
        #expect(store.contains(stray))
    }
}
