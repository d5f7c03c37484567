import Testing

@testable import JobContract

/// No name leads out of a folder.
@Suite struct PlainNameTests {
    @Test(arguments: ["demo", "dataset-size", "Größe 64", "v1.2", "a=b", "名前", "storehouse", "x.yaml", "100%"])
    func namesAreNames(_ name: String) {
        #expect(PlainName.fault(name) == nil)
        #expect(PlainName.file(for: name, kind: "sweep") == name)
    }

    @Test(arguments: [
        "", ".", "..", "../x", "a/b", "/", "/etc", "store", "Store", "catalogue.sqlite", "catalogue.sqlite-wal",
        "x.sqlite",
        "--help", "-", ".hidden", "a\nb", "a\u{1B}[31m", "a\u{202E}b", "a\0", " a", "a ", "\u{2028}",
        String(repeating: "x", count: 201), String(repeating: "é", count: 101),
    ])
    func othersAreRefusedAndLeadNowhere(_ name: String) {
        #expect(PlainName.fault(name) != nil)
        let file = PlainName.file(for: name, kind: "sweep")
        #expect(PlainName.fault(file) == nil && PlainName.isComponent(file), "\(file)")
        #expect(file.hasPrefix("sweep-"))
    }

    @Test func componentsStayInTheirDirectory() {
        for name in ["", ".", "..", "a/b", "a\0b", "\u{1B}", String(repeating: "x", count: 256)] {
            #expect(!PlainName.isComponent(name))
        }
        for name in [".config", "-x", "worker.py", "store"] { #expect(PlainName.isComponent(name)) }
    }
}
