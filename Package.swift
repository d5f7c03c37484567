// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours builds without warnings, in the Swift 6 language mode.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

/// `scripts/fuzz` builds this package with the coverage that libFuzzer steers by; nothing else does.
let isFuzzing = Context.environment["EIGENSWEEP_FUZZ"] != nil
let watched: [SwiftSetting] = strict + (isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer", "-enable-testing"])] : [])

/// The kernels' rounding is part of the contract: no contraction, no reassociation.
let kernelFlags: [CSetting] = [
    .unsafeFlags(["-O2", "-g0", "-ffp-contract=off", "-fno-math-errno", "-Wall", "-Wextra", "-Werror"])
]

/// Agent and worker run on hosts that have nothing installed.
let staticSwift: [SwiftSetting] = strict + [.unsafeFlags(["-static-stdlib"])]
let hostLink: [LinkerSetting] = [
    // Half the bytes to bring to a host.
    .unsafeFlags(["-Xlinker", "--strip-all"], .when(configuration: .release)),
    .linkedLibrary("FoundationEssentials"), .linkedLibrary("_FoundationCollections"),
    .linkedLibrary("_FoundationCShims"), .linkedLibrary("swiftSynchronization"),
]
let staticLink: [LinkerSetting] = [.unsafeFlags(["-static-executable"])] + hostLink
let staticBLAS: [LinkerSetting] = [
    .linkedLibrary(":libopenblas.a"), .linkedLibrary(":libgfortran.a"), .linkedLibrary(":libquadmath.a"),
    .linkedLibrary("m"),
]

/// `scripts/package` names a folder with `libstdc++.a` and `glibc.o`, made of scripts/lib/glibc-2.34.c: its coordinator holds
/// C++'s library and GCC's, calls nothing that glibc 2.34 has not, and finds other libraries beside the programs.
let portable: [LinkerSetting] =
    Context.environment["EIGENSWEEP_PACKAGE"].map { folder in
        let later = ["hypot", "hypotf", "arc4random", "_dl_find_object"]
        let flags =
            ["\(folder)/glibc.o"] + later.map { "--wrap=\($0)" }
            + ["-rpath", "$ORIGIN/../lib/eigensweep", "--disable-new-dtags", "--strip-all"]
        return [
            .unsafeFlags(["-L\(folder)", "-Xclang-linker", "-static-libgcc"] + flags.flatMap { ["-Xlinker", $0] })
        ]
    } ?? []

/// A static program cannot open a driver's library: this one takes glibc from the host, and nothing else. In that folder
/// libraries have scripts for the linker that name the static ones.
let glibcLink: [LinkerSetting] =
    [
        .unsafeFlags([
            "-static-stdlib", "-Xclang-linker", "-static-libgcc", "-L\(Context.packageDirectory)/scripts/lib/link",
        ])
    ] + hostLink

/// What reading sweep files takes: YAML, regular text, and threads.
let staticSweepFiles: [LinkerSetting] = [
    .linkedLibrary("yaml"), .linkedLibrary("swift_StringProcessing"), .linkedLibrary("swift_RegexParser"),
    .linkedLibrary("swiftDispatch"), .linkedLibrary("dispatch"), .linkedLibrary("BlocksRuntime"),
]

func ours(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: watched)
}

/// A target whose own work is little beside what it calls: the optimiser takes five times as long as the rest of the
/// compiler, and here it would buy nothing.
func unhurried(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    let target = ours(name, dependencies)
    target.swiftSettings?.append(.unsafeFlags(["-Onone"], .when(configuration: .release)))
    return target
}

/// A target that the simulation spends its time in: optimised in debug builds too.
func hurried(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    let target = ours(name, dependencies)
    target.swiftSettings?.append(optimised)
    return target
}

let optimised: SwiftSetting = .unsafeFlags(
    ["-O", "-whole-module-optimization", "-num-threads", "2"], .when(configuration: .debug))

func tests(
    _ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = [], linker: [LinkerSetting] = []
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, resources: resources, swiftSettings: strict, linkerSettings: linker)
}

let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let nio = ["NIOCore", "NIOHTTP1", "NIOPosix"].map { Target.Dependency.product(name: $0, package: "swift-nio") }
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let sqlite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")

let package = Package(
    name: "eigensweep",
    products: [
        .executable(name: "eigensweep", targets: ["eigensweep"]),
        .executable(name: "eigensweep-agent", targets: ["eigensweep-agent"]),
        .executable(name: "eigensweep-worker", targets: ["eigensweep-worker"]),
        .executable(name: "eigensweep-worker-gpu", targets: ["eigensweep-worker-gpu"]),
        .library(name: "FaultyOpenCL", type: .dynamic, targets: ["CFaultyOpenCL"]),
        .library(name: "StandInCUDA", type: .dynamic, targets: ["CStandInCUDA"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    ],
    targets: [
        // Ground
        hurried("JobContract", ["CSHA256"]),
        .target(name: "BuildFacts", swiftSettings: watched, plugins: ["RecordCommit"]),
        .plugin(name: "RecordCommit", capability: .buildTool()),
        .target(name: "PythonPackage", swiftSettings: watched, plugins: ["CarryPackage"]),
        .plugin(name: "CarryPackage", capability: .buildTool()),
        .target(name: "Kernels", cSettings: kernelFlags),
        .target(name: "ImageKernels", cSettings: kernelFlags),
        .target(name: "MeasureKernels", cSettings: kernelFlags),
        .target(name: "CDevices", cSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra", "-Werror"])]),
        // What these need installed stands in scripts/lib/prepare.sh.
        .systemLibrary(name: "COpenBLAS"),
        .systemLibrary(name: "CSHA256"),
        .systemLibrary(name: "CSSH"),
        .systemLibrary(name: "CImageFiles"),
        .systemLibrary(name: "CYAML"),
        .target(
            name: "CSQLiteSetup", cSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra", "-Werror"])],
            linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(name: "CPosix", cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),

        // Vocabulary
        hurried("SweepModel", ["JobContract"]),
        ours("Quantities", ["JobContract"]),
        ours("Tensors", ["Kernels", "CPosix"]),
        ours("Devices", ["Tensors", "Kernels", "CDevices"]),
        ours("Diffusion", ["Tensors"]),
        ours("Datasets", ["JobContract", "Tensors"]),
        ours("ImageGenerators", ["SweepModel", "JobContract", "Tensors", "ImageKernels"]),

        // Mechanism
        ours("SweepFiles", ["SweepModel", "Quantities", "JobContract", "CYAML"]),
        hurried("Scheduling", ["SweepModel", "JobContract"]),
        hurried("ContentStore", ["JobContract", "CPosix"]),
        ours("RemoteHosts", ["SweepModel", "JobContract", "CSSH", "CSHA256", "CPosix"]),
        hurried("ResultCatalogue", ["SweepModel", "JobContract", "CSQLiteSetup", grdb, sqlite]),
        ours(
            "DatasetPreparation",
            ["SweepModel", "Datasets", "ImageGenerators", "JobContract", "Tensors", "ImageKernels", "CImageFiles"]),
        ours("ScoreNetworks", ["JobContract", "Diffusion", "Tensors"]),
        ours(
            "Measures",
            ["Quantities", "JobContract", "Diffusion", "Datasets", "Tensors", "MeasureKernels", "COpenBLAS", "CPosix"]),

        // Assembly
        hurried("Coordination", ["SweepModel", "Scheduling", "JobContract", "CPosix"]),
        ours("ResultQueries", ["Quantities", "SweepModel", "ResultCatalogue", "JobContract"]),
        unhurried("Reports", ["ResultQueries", "SweepModel", "ResultCatalogue", "JobContract", "CImageFiles"]),
        unhurried(
            "Serving",
            ["Reports", "ResultQueries", "SweepModel", "ResultCatalogue", "JobContract", "CPosix"] + nio),
        ours("Supervision", ["JobContract", "ContentStore", "CPosix"]),
        unhurried(
            "JobExecution",
            [
                "JobContract", "SweepModel", "SweepFiles", "Tensors", "Diffusion", "Datasets", "ImageGenerators",
                "ScoreNetworks", "Measures", "CPosix", "BuildFacts", arguments,
            ]),
        unhurried(
            "Commands",
            [
                "SweepModel", "SweepFiles", "Coordination", "ResultQueries", "Reports", "Serving", "ResultCatalogue",
                "ContentStore", "DatasetPreparation", "Datasets", "ImageGenerators", "RemoteHosts", "Scheduling",
                "JobContract", "PythonPackage", "BuildFacts", "Quantities",
                "CPosix", arguments,
            ]),

        // Entry
        .executableTarget(
            name: "eigensweep", dependencies: ["Commands", "CPosix"], swiftSettings: strict, linkerSettings: portable),
        .executableTarget(
            name: "eigensweep-bench",
            dependencies: [
                "SweepModel", "SweepFiles", "Scheduling", "Coordination", "ResultCatalogue", "ResultQueries", "Reports",
                "RemoteHosts", "ContentStore", "JobContract", "Tensors", "Diffusion", "ScoreNetworks", "Measures",
                "CPosix",
                arguments,
            ],
            swiftSettings: strict, linkerSettings: [.linkedLibrary("openblas")]),
        .executableTarget(
            name: "eigensweep-agent", dependencies: ["Supervision", "CPosix"], swiftSettings: staticSwift,
            linkerSettings: staticLink),
        .executableTarget(
            name: "eigensweep-worker", dependencies: ["JobExecution", "CPosix"],
            swiftSettings: staticSwift, linkerSettings: staticBLAS + staticSweepFiles + staticLink),

        .executableTarget(
            name: "eigensweep-worker-gpu", dependencies: ["JobExecution", "Devices", "Tensors", "CPosix"],
            swiftSettings: staticSwift, linkerSettings: portable + staticBLAS + staticSweepFiles + glibcLink),

        // Tests
        .target(
            name: "CSimulatedDisk", path: "Tests/CSimulatedDisk",
            cSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra", "-Werror"])],
            linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(
            name: "TestSupport", dependencies: ["ScoreNetworks", "Diffusion", "Tensors", "CImageFiles"],
            path: "Tests/TestSupport", swiftSettings: strict),
        .target(
            name: "CPowerLoss", path: "Tests/CPowerLoss",
            cSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra", "-Werror"])]),
        .target(
            name: "CFaultyOpenCL", path: "Tests/CFaultyOpenCL",
            cSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra", "-Werror"])]),
        .target(
            name: "CStandInCUDA", dependencies: ["Kernels"], path: "Tests/CStandInCUDA",
            cSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra", "-Werror"])]),
        tests("TidyTests", []),
        tests("JobContractTests", ["JobContract"]),
        tests(
            "SweepFilesTests",
            ["SweepFiles", "SweepModel", "JobContract", "Datasets", "Diffusion", "ScoreNetworks", "TestSupport"]),
        tests(
            "ScoreNetworksTests", ["ScoreNetworks", "Devices", "Diffusion", "Tensors", "Kernels", "TestSupport"]),
        tests(
            "MeasuresTests",
            [
                "Measures", "Quantities", "MeasureKernels", "ScoreNetworks", "SweepModel", "Datasets", "JobContract",
                "Diffusion", "Tensors", "TestSupport",
            ],
            linker: [.linkedLibrary("openblas")]),
        tests(
            "DatasetsTests",
            [
                "Datasets", "DatasetPreparation", "ImageGenerators", "ContentStore", "SweepModel", "Tensors",
                "JobContract", "CImageFiles", "CPowerLoss", "TestSupport",
            ]),
        tests(
            "CatalogueTests",
            [
                "ResultCatalogue", "ResultQueries", "Reports", "Quantities", "SweepModel", "JobContract", "Datasets",
                "CImageFiles", "CPowerLoss", grdb,
            ],
            resources: [.copy("Golden"), .copy("Museum")]),
        tests(
            "CommandsTests",
            [
                "Commands", "Serving", "Scheduling", "RemoteHosts", "ResultCatalogue", "ResultQueries",
                "DatasetPreparation",
                "Datasets", "SweepModel", "JobContract", "PythonPackage", "CPosix",
            ],
            resources: [.copy("Golden")], linker: [.linkedLibrary("openblas")]),
        tests("SchedulingTests", ["Scheduling", "SweepModel", "JobContract"]),
        tests(
            "HostsTests",
            [
                "RemoteHosts", "Supervision", "ContentStore", "SweepModel", "JobContract", "CPosix", "CPowerLoss",
                "TestSupport",
            ]),
        tests(
            "JobExecutionTests",
            [
                "JobExecution", "JobContract", "SweepFiles", "SweepModel", "Datasets", "Measures", "Tensors", "CPosix",
            ],
            resources: [.copy("Reference")],
            linker: [.linkedLibrary("openblas")]),
        tests(
            "EndToEndTests",
            ["RemoteHosts", "ContentStore", "JobContract", "CPosix", "SweepModel", "TestSupport"]),
    ],
    cLanguageStandard: .gnu11
)

/// What takes hostile inputs stands among the tests, which feed it a few; for libFuzzer it is a program.
let fuzzed: [Target.Dependency] = [
    "JobContract", "SweepModel", "SweepFiles", "Datasets", "DatasetPreparation", "Tensors", "ScoreNetworks",
    "JobExecution", "Supervision", "Commands", "Scheduling", "RemoteHosts", "ContentStore", "CPosix", "CImageFiles",
    "ResultCatalogue", "ResultQueries", "Reports", "TestSupport", grdb,
]
package.targets.append(
    isFuzzing
        ? .executableTarget(
            name: "eigensweep-fuzz", dependencies: fuzzed, path: "Tests/FuzzTests", exclude: ["SeedTests.swift"],
            swiftSettings: strict,
            linkerSettings: [
                .linkedLibrary("clang_rt.fuzzer_no_main-x86_64"), .linkedLibrary("stdc++"), .linkedLibrary("m"),
                .linkedLibrary("openblas"),
            ])
        : .testTarget(
            name: "FuzzTests", dependencies: fuzzed, exclude: ["Fuzz.swift"], swiftSettings: strict,
            linkerSettings: [.linkedLibrary("openblas")]))

/// The simulator stands among the tests too; `scripts/simulate` builds it as a program, optimised.
let isSimulating = Context.environment["EIGENSWEEP_SIMULATE"] != nil
let simulated: [Target.Dependency] = [
    "Coordination", "Scheduling", "ResultCatalogue", "Supervision", "SweepModel", "JobContract", "CSimulatedDisk",
]
package.targets.append(
    isSimulating
        ? .executableTarget(
            name: "eigensweep-simulate", dependencies: simulated, path: "Tests/SimulationTests",
            sources: [
                "Simulate.swift", "Catalogues", "Checking", "Coordinators", "Hosts", "Links", "Queues", "Schedules",
                "World",
            ],
            swiftSettings: strict)
        : .testTarget(
            name: "SimulationTests", dependencies: simulated, exclude: ["Simulate.swift"],
            swiftSettings: strict + [optimised]))
