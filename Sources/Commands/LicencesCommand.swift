import ArgumentParser
import ResultQueries

struct LicencesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "licences",
        abstract: "List what of others is inside the programs or beside them, and under which licences.",
        discussion: """
            eigensweep licences --format csv

            Licences by their SPDX names. Packages hold the texts in share/doc/eigensweep/licences; of a build of one's own \
            the system and the checkouts below .build have them.
            """)

    @OptionGroup var format: FormatOptions

    func run() throws {
        format.print(
            ResultTable(
                name: "licences", columns: ["component", "licence", "in", "for"],
                rows: Component.all.map {
                    [.text($0.name), .text($0.licence), .text($0.programs), .text($0.purpose)]
                }))
    }

    /// Something that others wrote.
    struct Component {
        let name: String
        /// Its SPDX expression.
        let licence: String
        let programs: String
        let purpose: String

        private init(_ name: String, _ licence: String, _ programs: String, _ purpose: String) {
            (self.name, self.licence, self.programs, self.purpose) = (name, licence, programs, purpose)
        }

        private static let swift = "Apache-2.0 WITH Swift-exception"
        private static let workers = "eigensweep-worker, eigensweep-worker-gpu"
        private static let compilers = "GPL-3.0-or-later WITH GCC-exception-3.1"

        static let all = [
            Component("Swift", swift, "all", "the language's libraries: standard library, Foundation, libdispatch"),
            Component("ICU", "Unicode-3.0", "eigensweep", "Foundation's tables of texts"),
            Component("swift-argument-parser", swift, "eigensweep, \(workers)", "command lines"),
            Component("GRDB.swift", "MIT", "eigensweep", "the catalogue"),
            Component("swift-nio", "Apache-2.0", "eigensweep", "HTTP on loopback for the browser"),
            Component("swift-atomics", swift, "eigensweep", "SwiftNIO's counters"),
            Component("swift-collections", swift, "eigensweep", "SwiftNIO's queues"),
            Component("swift-system", swift, "eigensweep", "SwiftNIO's file names"),
            Component("llhttp", "MIT", "eigensweep", "SwiftNIO's reading of HTTP"),
            Component("SQLite", "blessing", "eigensweep", "the catalogue"),
            Component("libssh", "LGPL-2.1-or-later", "eigensweep", "SSH"),
            Component("OpenSSL", "Apache-2.0", "all", "SHA-256, and libssh's cryptography"),
            Component("MIT Kerberos", "MIT", "eigensweep", "libssh's GSSAPI"),
            Component("libcom_err", "MIT", "eigensweep", "Kerberos's errors"),
            Component("keyutils", "LGPL-2.1-or-later", "eigensweep", "Kerberos's keys"),
            Component("libyaml", "MIT", "eigensweep, \(workers)", "sweep and hosts files"),
            Component("libspng", "BSD-2-Clause", "eigensweep", "PNG"),
            Component("libjpeg-turbo", "IJG AND BSD-3-Clause AND Zlib", "eigensweep", "JPEG"),
            Component("libzip", "BSD-3-Clause", "eigensweep", "zip archives"),
            Component("zlib", "Zlib", "eigensweep", "compression in PNG, zip and gzip"),
            Component("bzip2", "bzip2-1.0.6", "eigensweep", "compression in zip archives"),
            Component("OpenBLAS", "BSD-3-Clause", workers, "matrices"),
            Component("libgfortran", compilers, workers, "OpenBLAS's Fortran"),
            Component("libquadmath", "LGPL-2.1-or-later", workers, "OpenBLAS's Fortran"),
            Component("libstdc++ and libgcc", compilers, "all", "the C++ inside Swift's libraries"),
            Component(
                "GNU C Library", "LGPL-2.1-or-later", "eigensweep-agent, eigensweep-worker",
                "the system, on hosts that have nothing installed"),
        ]
    }
}
