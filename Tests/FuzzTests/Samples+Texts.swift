import Foundation

extension Samples {
    /// The repository's own files of a folder.
    static func files(_ folder: String, _ suffix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted().filter { $0.hasSuffix(".\(suffix)") }
            .map { try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8) }
    }

    static let sweeps = [
        """
        name: everything
        about: all that a sweep can say
        dataset: {source: pictures.zip, resolution: 16, channels: 1, part: {index: 0, of: 2}}
        model: {architecture: ddpmpp, multipliers: [1, 2], attention: [4]}
        training: {batch: 32, learning_rate: 1.0e-3}
        grid:
          dataset.size: {geometric: {from: 16, to: 256, factor: 4}}
          model.scale: [4, 8]
          training.images: {linear: {from: 8192, to: 16384, count: 2}}
          seed: {range: [0, 3]}
          zip: [{training.warmup_images: [0, 10], dataset.flip: [true, false]}]
          exclude: ["dataset.size > 64 and model.scale < 8 or seed in (1, 2)"]
        measures: [memorization, {gaussian-distance: {samples: 256}}]
        needs: {memory: 2G, tags: [avx512]}
        worker: {command: [eigensweep-worker, --verbose], upload: [~/a, b]}
        profiles: {quick: {dataset.size: [16, 256], seed: [0]}}
        """,
        """
        name: union
        dataset.source: geometric
        seed: &seed 3
        grid:
          - &block {dataset.size: [16], training.steps: [1, 2]}
          - *block
          - {dataset.size: [4], training.epochs: [0.5], seed: [*seed]}
        """,
    ]

    static let overrides = [
        "dataset.size=64\nmodel.scale=[4, 8]\nprofile=quick", "training.epochs={range: [1, 9, 2]}\nname=other",
        "needs.memory=4G\nneeds.tags=[a]\nworker.command=[a, b]\nmeasures=[memorization]",
        "seed={linear: {from: 0, to: 9, count: 4}}",
    ]

    static let expressions = [
        "dataset.size >= 1024 and model.scale in (4, 8)",
        "not (a = 'x\\'y' or b != \"z\") and c not in (1, null, true)",
        "dataset.part = 1/2 or training.learning_rate < 1e-3",
    ]

    static let hosts = [
        """
        defaults: {directory: /scratch/me, threads: 2, user: everyone}
        hosts:
          - local
          - node[08-10,12].lab: {slots: 4, threads: 1, memory: 16G, tags: [avx512], env: {TMPDIR: /scratch}}
          - far: {address: 203.0.113.7, port: 2222, identity: ~/.ssh/lab, proxy_jump: head, transport: ssh}
        """,
        "# mine\n:\n\n4/node[1-2]  # four each\nme@far\n",
    ]
}
