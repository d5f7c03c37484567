import Foundation
import Testing

/// A sweep on a host with two pretended GPUs, as a user runs it.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow))
struct GPUSweepTests {
    /// Our worker, behind a script that notes what it was given.
    private func wrapper(_ lab: Lab, describing gpus: String = "cat") throws -> String {
        let worker = lab.programs.appendingPathComponent("eigensweep-worker").path
        return try lab.write(
            "noting",
            """
            #!/bin/sh
            if [ "$1" = run ]; then
                echo "+$CUDA_VISIBLE_DEVICES" >> "\(lab.directory.path)/given"
                "\(worker)" "$@"; code=$?
                echo "-$CUDA_VISIBLE_DEVICES" >> "\(lab.directory.path)/given"
                exit $code
            fi
            "\(worker)" "$@" | \(gpus)
            """)
    }

    private func prepare(_ lab: Lab, needs: String, gpus: String = "cat") throws -> String {
        try FileManager.default.createDirectory(
            atPath: lab.directory.path + "/gpus", withIntermediateDirectories: true)
        try lab.write("gpus/0", "")
        try lab.write("gpus/1", #"{"name": "Big", "memory": 85899345920}"#)
        try lab.write(
            "hosts.yaml",
            """
            hosts:
              - local: {slots: 4, gpus: auto, directory: \(lab.directory.path)/host, env: {EIGENSWEEP_AGENT_GPUS: \(lab.directory.path)/gpus}}

            """)
        let wrapper = try wrapper(lab, describing: gpus)
        chmod(wrapper, 0o755)
        let extra = "worker: {command: [./noting], upload: [noting]}\n\(needs)"
        return try lab.write("gpu.yaml", smallSweep(name: "gpu", extra: extra))
    }

    @Test(arguments: [("needs: {gpus: 1}", "cat"), ("", #"sed 's/^{/{"gpus":1,/'"#)])
    func everyJobHasOneGPUOfItsOwn(needs: String, gpus: String) throws {
        try withLab { lab in
            let sweep = try prepare(lab, needs: needs, gpus: gpus)
            let check = try lab.run(["hosts", "check", "--format", "csv"])
            #expect(check.status == 0, "\(check.out)\(check.err)")
            #expect(check.out.contains(#"GPU 1 (Big, 80 GiB): jobs have it"#), "\(check.out)")
            let output = try lab.run(["launch", sweep])
            #expect(output.status == 0, "\(output.err)")
            var held: [Substring: Int] = [:]
            var most: [Substring: Int] = [:]
            let given = try String(contentsOfFile: lab.directory.path + "/given", encoding: .utf8)
            for line in given.split(separator: "\n") {
                held[line.dropFirst(), default: 0] += line.hasPrefix("+") ? 1 : -1
                most[line.dropFirst()] = max(most[line.dropFirst()] ?? 0, held[line.dropFirst()] ?? 0)
            }
            #expect(most == ["0": 1, "1": 1], "\(given)")
            let list = try lab.run(["hosts", "list", "--format", "csv"])
            #expect(list.out.contains("GPU 0 (pretended); GPU 1 (Big, 80 GiB)"), "\(list.out)")
        }
    }

    @Test func aSweepWhoseGPUsNoHostHasSaysSo() throws {
        try withLab { lab in
            let sweep = try prepare(lab, needs: "needs: {gpus: 3}")
            let output = try lab.run(["launch", sweep])
            #expect(output.status == 4, "\(output.err)")
            #expect(output.err.contains("GPUs"), "\(output.err)")
        }
    }
}
