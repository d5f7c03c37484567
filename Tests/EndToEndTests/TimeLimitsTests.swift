import Testing

/// `--limits` with the mistakes that people make.
struct TimeLimitsTests {
    @Test(arguments: [
        ("lease", "expected name=seconds"), ("leese=3", "no limit is called \"leese\""),
        ("lease=soon", "lease must be seconds"), ("lease=0", "lease must be seconds"),
        ("lease=nan", "lease must be seconds"), ("lease=1,lease=2", "lease is given twice"),
        ("lease=1,", "expected name=seconds"),
    ])
    func aWrongLimitIsRefusedInWords(text: String, words: String) throws {
        try withLab { lab in
            let output = try lab.run(["resume", "--limits", text])
            #expect(output.status == 2)
            #expect(output.err.contains(words), "\(output.err)")
        }
    }

    @Test func limitsAreTaken() throws {
        try withLab { lab in
            let output = try lab.run(["resume", "--limits", "lease=20,silence=2.5,retry=0.1"])
            #expect(output.status == 5)
            #expect(output.err.contains("there is no catalogue"), "\(output.err)")
        }
    }
}
