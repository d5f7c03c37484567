import Foundation
import JobContract
import RemoteHosts
import ResultCatalogue
import ResultQueries
import SweepModel
import Testing

@testable import Serving

/// What `serve` answers, to whom, and what it does not.
struct ServeTests {
    let served: ServedCatalogue

    init() throws { served = try ServedCatalogue() }

    // MARK: Who is let in

    @Test func whoDoesNotKnowTheTokenGetsNothing() throws {
        let token = served.token
        #expect(token.count == 64 && token.allSatisfy(\.isHexDigit))
        #expect(try ServedCatalogue().token != token)
        let host = "Host: 127.0.0.1:\(served.server.port)\r\nConnection: close\r\n\r\n"
        let wrong = String(token.dropLast()) + (token.last == "0" ? "1" : "0")
        for path in [
            "", "view/places", wrong + "/", token.dropLast() + "/", token + "0/", token.uppercased() + "x/",
            "/" + token + "/", "favicon.ico", "?token=" + token, "%00" + token + "/",
        ] {
            let reply = try served.say("GET /\(path) HTTP/1.1\r\n\(host)")
            #expect(reply.status == 403 && reply.body.isEmpty, "\(path): \(reply)")
            #expect(reply.head.split(separator: "\r\n").count == 3, "a stranger is told something: \(reply.head)")
        }
        #expect(try served.get("").status == 200)
    }

    /// A page whose own name leads to this machine is still another's.
    @Test(arguments: [
        ("127.0.0.1:PORT", 200), ("localhost:9000", 200), ("LOCALHOST", 200), ("evil.example:PORT", 403),
        ("127.0.0.1.evil.example", 403), ("127.0.0.1:PORT:1", 403), ("127.0.0.1:x", 403), ("", 403),
    ])
    func onlyNamesOfThisMachineAreServed(host: String, status: Int) throws {
        let host = host.replacing("PORT", with: "\(served.server.port)")
        let reply = try served.say("GET /\(served.token)/ HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
        #expect(reply.status == status && reply.body.isEmpty == (status == 403))
        let without = try served.say("GET /\(served.token)/ HTTP/1.1\r\nConnection: close\r\n\r\n")
        #expect(without.status == 403)
    }

    @Test func nothingIsTakenInAndNoOtherSiteMayRead() throws {
        let host = "Host: localhost\r\nConnection: close"
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
            let reply = try served.say(
                "\(method) /\(served.token)/ HTTP/1.1\r\n\(host)\r\nOrigin: http://evil.example\r\n\r\n")
            #expect(reply.status == 405 && !reply.head.contains("Access-Control"), "\(method): \(reply)")
        }
        let body = try served.say("GET /\(served.token)/ HTTP/1.1\r\n\(host)\r\nContent-Length: 3\r\n\r\nabc")
        #expect(body.status == 403)
        let page = try served.get("")
        for line in ["nosniff", "no-referrer", "no-store", "X-Frame-Options: DENY", "default-src 'none'"] {
            #expect(page.head.contains(line), "\(page.head)")
        }
        #expect(!page.head.contains("Access-Control") && !page.head.contains("Cookie"))
        #expect(
            !page.text.contains("unsafe-inline") && page.text.matches(of: #/https?:\/\/(?!www\.w3\.org\/)/#).isEmpty)
    }

    @Test func aRequestThatIsNoneEndsTheConnection() throws {
        for words in [
            "nonsense\r\n\r\n", "GET / HTTP/2\r\n\r\n", "GET http://127.0.0.1/ HTTP/1.1\r\n\r\n",
            "GET /\(served.token)/ HTTP/1.1\r\nHost : localhost\r\n\r\n",
            "GET /\(served.token)/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /\(served.token)/\u{0}\r\nHost: localhost\r\n\r\n",
        ] {
            #expect(try served.say(words).status == 403, "\(words)")
        }
        // Without an end it is cut off, not gathered.
        let endless =
            "GET /\(served.token)/ HTTP/1.1\r\nHost: localhost\r\nX-Endless: " + String(repeating: "x", count: 60_000)
        #expect(try served.say(endless).status == 403)
        #expect(try served.get("nowhere").status == 404)
    }

    @Test func aConnectionCarriesSeveralRequests() throws {
        let connection = try Connection(port: served.server.port)
        let request = "GET /\(served.token)/view/trials HTTP/1.1\r\nHost: localhost\r\n\r\n"
        try connection.send(request + request)
        var text = ""
        while text.components(separatedBy: "HTTP/1.1 200 OK").count < 3 || !text.hasSuffix("}") {
            let piece = connection.read()
            try #require(!piece.isEmpty)
            text += String(decoding: piece, as: UTF8.self)
        }
    }

    // MARK: Pictures

    @Test func ofTheStoreOnlyPicturesAreServed() throws {
        let picture = try served.store(served.picture)
        let secret = try served.store(Array("weights".utf8))
        let disguised = try served.store(Array("no picture".utf8))
        try served.measure(
            value: 1,
            files: [
                Artifact(
                    name: "a.png", mediaType: "image/png",
                    file: OutputFile(path: "a", digest: picture, bytes: served.picture.count)),
                Artifact(
                    name: "b.safetensors", mediaType: "application/octet-stream",
                    file: OutputFile(path: "b", digest: secret, bytes: 7)),
                Artifact(
                    name: "c.png", mediaType: "image/png", file: OutputFile(path: "c", digest: disguised, bytes: 10)),
            ])
        let reply = try served.get("picture/\(picture.hex)")
        #expect(reply.status == 200 && reply.body == served.picture)
        #expect(reply.head.contains("Content-Type: image/png") && reply.head.contains("sandbox"))
        let unknown = try served.store(served.picture + [4])
        for name in [
            secret.hex, unknown.hex, picture.hex.uppercased(), String(picture.hex.dropLast()), "..",
            "../../catalogue.sqlite", "%2e%2e%2fcatalogue.sqlite", "..%2F..%2Fcatalogue.sqlite", "",
        ] {
            let reply = try served.get("picture/\(name)")
            #expect(reply.status == 404 && reply.body.isEmpty, "\(name): \(reply)")
        }
        // A file that is none, was changed, or leads elsewhere, is not the picture.
        func isAbsent(_ digest: Digest) throws -> Bool {
            let reply = try served.get("picture/\(digest.hex)")
            return reply.status == 200 && reply.head.contains("image/svg+xml")
                && reply.text.contains("lacks this picture")
        }
        #expect(try !isAbsent(picture) && isAbsent(disguised))
        let place = served.place(picture.hex)
        try Data(served.picture.dropLast() + [9]).write(to: URL(fileURLWithPath: place))
        #expect(try isAbsent(picture))
        try FileManager.default.removeItem(atPath: place)
        try Data(served.picture).write(to: URL(fileURLWithPath: served.folder + "/elsewhere"))
        try FileManager.default.createSymbolicLink(
            atPath: place, withDestinationPath: served.folder + "/elsewhere")
        #expect(try isAbsent(picture))
    }

    // MARK: Numbers

    @Test func theMapHoldsWhatItsCommandGives() throws {
        let answer = try served.view("places", ["x": "dataset.size", "y": "-", "show": "memorization.copied"])
        let view = try #require(answer["view"])
        let command = try #require(view["commands"]?.arrayValue?.first?.stringValue)
        #expect(
            command
                == "eigensweep query --sweep small --measure memorization.copied --by dataset.size --statistic mean,ci95,count"
        )
        var request = QueryRequest()
        request.sweep = "small"
        request.measures = [MeasureSelection("memorization.copied")]
        request.groupBy = ["dataset.size"]
        request.statistics = [.mean, .ci95, .count]
        let table = try Query(try CatalogueReader(path: served.catalogue)).run(request)
        func column(_ name: String, _ table: JSONValue?) -> [JSONValue] {
            let place = table?["columns"]?.arrayValue?.firstIndex(of: .string(name)) ?? 0
            return table?["rows"]?.arrayValue?.compactMap { $0.arrayValue?[place] } ?? []
        }
        let shown = view["table"]
        // Of the third size nothing was measured, and the query has no row.
        #expect(column("dataset.size", shown) == [16, 256, 4096] && column("measured", shown) == [2, 1, 0])
        for (name, own) in [("mean", "mean"), ("ci95_low", "ci95_low"), ("ci95_high", "ci95_high")] {
            let place = try #require(table.columns.firstIndex(of: own))
            #expect(column(name, shown) == table.rows.map { $0[place].json } + [.null], "\(name)")
        }
        #expect(view["averaged"] == ["seed"])
        // What a cell is called is what its trials share.
        #expect(view["cells"]?.arrayValue?.map { $0["place"] } == ["N=16", "N=256", "N=4096 seed=0"])
        let phases = try served.view("places", ["y": "-"])["view"]
        #expect(column("phase", phases?["table"]) == ["memorizing", "not memorizing", .null])
        let one = try served.view(
            "places", ["x": "dataset.size", "y": "-", "show": "memorization.copied", "at.seed": "1"])
        #expect(column("mean", one["view"]?["table"]) == [0.75, .null] && one["view"]?["averaged"] == [])
        #expect(one["view"]?["commands"]?.arrayValue?.first?.stringValue?.contains("--where 'seed = 1'") == true)
    }

    /// The command of a place on the lengths' slider has neither those below nor those above.
    @Test(arguments: [
        ("100", "training.steps < 150"), ("200", "training.steps > 150 and training.steps < 300"),
        ("400", "training.steps > 300 and training.steps < 800"),
    ])
    func theSlidersCommandIsOfItsLengthAlone(length: String, condition: String) throws {
        let served = try ServedCatalogue { try SampleCatalogue.addLengths([100, 200, 400], to: $0) }
        let view = try served.view(
            "places", ["x": "seed", "y": "-", "show": "memorization.copied", "at.training.steps": length])
        #expect(
            view["view"]?["commands"]?.arrayValue?.first?.stringValue?.contains("--where '\(condition)'") == true,
            "\(view)")
    }

    @Test func trialsComeInPagesByFilterAndOrder() throws {
        func ids(_ query: KeyValuePairs<String, String>) throws -> [String] {
            try served.view("trials", query)["view"]?["table"]?["rows"]?.arrayValue?.compactMap {
                $0.arrayValue?[0].stringValue
            } ?? []
        }
        let all = try ids([:])
        #expect(all.count == 5)
        #expect(try ids(["from": "3"]) == Array(all[3...]))
        #expect(try ids(["where": "memorization.copied > 0.1"]) == Array(all[..<2]))
        #expect(try ids(["where": "state = failed"]) == [all[3]])
        #expect(
            try ids(["sort": "memorization.copied", "show": "memorization.copied"])
                == [all[2], all[1], all[0], all[3], all[4]])
        #expect(try ids(["sort": "memorization.copied:desc", "from": "2"]) == [all[2], all[3], all[4]])
        let command = try served.view("trials", ["where": "seed = 0", "show": "memorization", "sort": "seed:desc"])
        #expect(
            command["view"]?["commands"]?.arrayValue?.first?.stringValue
                == "eigensweep trials small --where 'seed = 0' --show memorization --sort seed:desc")
        let both = try served.view("compare", ["trials": all[0] + "," + all[3].prefix(10)])
        #expect(both["view"]?["trials"]?.arrayValue?.map { $0["trial"] } == [.string(all[0]), .string(all[3])])
        // Lines are coloured by the last axis, which is what matters most.
        #expect(
            try served.view("lines")["view"]?["commands"] == [
                "eigensweep trials small --show memorization.gl_score,memorization.copied"
            ])
        let lines = try served.view("lines", ["where": "seed = 0"])["view"]
        #expect(lines?["table"]?["rows"]?.arrayValue?.count == 3 && lines?["isWhole"] == true)
    }

    @Test(arguments: [
        ("trials", "where", "dataset.size >", "expected"),
        ("trials", "where", "dataset.sise = 4", "did you mean dataset.size?"),
        ("trials", "where", "memorization.copied@0.5 > 0", "has no noise levels"),
        ("trials", "sort", "nothing", "nothing"),
        ("trials", "show", "memorization.copid", "did you mean copied?"), ("places", "x", "model.scale", "no axis"),
        ("places", "show", "memorization", "expected MEASURE.QUANTITY"), ("places", "at.sead", "7", "no axis"),
        ("compare", "trials", "zz", "no trial has an ID"), ("compare", "trials", "'; DROP TABLE trial", "no trial"),
        ("trials", "sweep", "smal", "no sweep \"smal\""), ("nothing", "sweep", "small", "no view"),
        ("lines", "show", "x", "is no quantity"),
    ])
    func whatCannotBeAnsweredIsSaidInWords(view: String, name: String, value: String, words: String) throws {
        var parts = URLComponents()
        parts.queryItems = [URLQueryItem(name: name, value: value)]
        let reply = try served.get("view/\(view)?\(parts.percentEncodedQuery ?? "")")
        let text = JSONText.read(reply.body)?["error"]?.stringValue ?? ""
        #expect(reply.status == 200 && text.contains(words), "\(view) \(name)=\(value): \(reply.text)")
    }

    @Test func aValueThatNoTrialHasIsToldWithThoseThereAre() throws {
        let answer = try served.view("places", ["y": "-", "at.seed": "7"])
        #expect(answer["error"] == "no trial of sweep small has seed 7; there are 0, 1")
    }

    @Test func whatPeopleWroteIsShownAndAskedFor() throws {
        let all = try served.view("trials")["view"]?["table"]?["rows"]?.arrayValue?.compactMap {
            $0.arrayValue?[0].stringValue
        }
        let trial = try #require(all?[2])
        do {
            let catalogue = try Catalogue(path: served.catalogue)
            _ = try catalogue.write("Look <b>again</b>", about: .trial(#require(TrialID(hex: trial))))
            _ = try catalogue.setTag("odd", true, on: .trial(#require(TrialID(hex: trial))))
            _ = try catalogue.write("of March", about: .sweep("small"))
        }
        let view = try #require(try served.view("notes")["view"])
        #expect(view["note"] == "of March" && view["tags"] == .null)
        #expect(view["table"]?["rows"] == [[.string(trial), "N=256 seed=0", "odd", "Look <b>again</b>"]])
        for query in [["tag": "odd"], ["note": "AGAIN"]] as [KeyValuePairs<String, String>] {
            let found = try served.view("trials", query)["view"]
            #expect(found?["table"]?["rows"]?.arrayValue?.map { $0.arrayValue?[0] } == [.string(trial)])
            #expect(
                found?["commands"]?.arrayValue?.first?.stringValue
                    == "eigensweep trials small --\(query[0].key) \(query[0].value)")
        }
        #expect(try served.get("view/compare?trials=\(trial)").text.contains("[\"tags\",\"odd\"]"))
    }

    @Test func hostsAndFiguresAreTold() throws {
        let hosts = try served.get("view/hosts").text
        #expect(hosts.contains("\"near\"") && hosts.contains("the loss is not finite"))
        #expect(
            hosts.contains("[\"N=256 seed=1\",\"d1be014449aa\",\"far\",4,\"diverged") && hosts.contains("\"first_at\""))
        #expect(hosts.contains("eigensweep status small --attempts"))
        let figures = try served.view("figures")["view"]
        #expect(figures?["sentences"]?.arrayValue?.isEmpty == false)
        #expect(try served.get("figure/phase-map?sweep=other").status == 404)
    }

    // MARK: Changes

    @Test func openPagesAreToldOfChanges() throws {
        let before = try served.view("trials")
        let connection = try Connection(port: served.server.port)
        try connection.send("GET /\(served.token)/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        var text = ""
        func wait(for words: String) throws {
            while !text.contains(words) {
                let piece = connection.read()
                try #require(!piece.isEmpty, "after \(text)")
                text += String(decoding: piece, as: UTF8.self)
            }
        }
        let seen = try #require(before["changes"]?.integerValue)
        try wait(for: "data: \(seen)\n\n")
        try served.measure(value: 0.5)
        try wait(for: "data: \(seen + 1)\n\n")
        let after = try served.view("trials")
        #expect(try #require(after["changes"]?.integerValue) > seen)
        let results = (before["commit"]?["results"]?.integerValue ?? 0, after["commit"]?["results"]?.integerValue ?? 0)
        #expect(results.1 == results.0 + 1)
    }

    /// A page may be open for hours before the next result; a connection over which nobody asks is closed.
    @Test func aSilentStreamOutlivesIdleConnections() throws {
        let served = try ServedCatalogue(patience: .init(idle: 1, heartbeat: 0.3))
        let (told, idle) = (try Connection(port: served.server.port), try Connection(port: served.server.port))
        for (connection, path) in [(told, "events"), (idle, "view/trials")] {
            try connection.send("GET /\(served.token)/\(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        }
        #expect(String(decoding: idle.readAll(), as: UTF8.self).hasPrefix("HTTP/1.1 200"))
        Thread.sleep(forTimeInterval: 2)
        try served.measure(value: 0.5)
        var text = ""
        while text.matches(of: /data: \d+\n\n/).count < 2 {
            let piece = told.read()
            try #require(!piece.isEmpty, "closed after \(text)")
            text += String(decoding: piece, as: UTF8.self)
        }
        #expect(text.contains("\r\n:\n\n"), "no word between results: \(text)")
    }

    /// Where another program keeps the catalogue locked for a moment, the first answer comes after it.
    @Test func aLockedCatalogueIsWaitedFor() throws {
        let other = Process()
        other.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
        let (input, output) = (Pipe(), Pipe())
        (other.standardInput, other.standardOutput) = (input, output)
        let locked = Locked(Date.distantFuture)
        let served = try ServedCatalogue { path in
            other.arguments = [path]
            try other.run()
            input.fileHandleForWriting.write(
                Data("PRAGMA locking_mode = EXCLUSIVE;\nSELECT count(*) FROM trial;\n".utf8))
            var text = ""
            while !text.hasSuffix("\n5\n") {
                text += String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
            }
            locked.with { $0 = Date() }
            let unlocking = Thread {
                Thread.sleep(forTimeInterval: 2)
                try? input.fileHandleForWriting.close()
            }
            unlocking.start()
        }
        #expect(try served.get("view/trials").status == 200)
        #expect(Date().timeIntervalSince(locked.with { $0 }) > 1.5, "it was not locked")
        other.waitUntilExit()
    }

    /// What one answer reads is of one commit, and who writes meanwhile does not wait for it.
    @Test func anAnswerIsOfOneCommit() throws {
        let pool = ReaderPool(path: served.catalogue, most: 1)
        let (first, second) = try pool.read { reader in
            let first = try reader.extent()
            let began = Date()
            try served.measure(value: 0.5)
            #expect(Date().timeIntervalSince(began) < 5, "the writer waited")
            return (first, try reader.extent())
        }
        #expect(first == second)
        #expect(try pool.read { try $0.extent() }.results == first.results + 1)
    }

    @Test func ctrlCEndsItAndLeavesNothing() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("eigensweep")
        let folder = served.folder + "/own"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try SampleCatalogue.write(to: folder + "/catalogue.sqlite")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        process.arguments = ["serve", "--catalogue", folder + "/catalogue.sqlite"]
        let (out, err) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (out, err)
        try process.run()
        let address = String(decoding: out.fileHandleForReading.availableData, as: UTF8.self)
        let port = try #require(address.firstMatch(of: #/^http:\/\/127\.0\.0\.1:(\d+)\/[0-9a-f]{64}\/\n$/#)?.1)
        let connection = try Connection(port: Int(port) ?? 0)
        try connection.send(
            "GET /\(address.split(separator: "/")[2].trimmingCharacters(in: .newlines))/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        #expect(!connection.read().isEmpty)
        kill(process.processIdentifier, SIGINT)
        process.waitUntilExit()
        let said = String(decoding: err.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(
            process.terminationStatus == 0 && process.terminationReason == .exit,
            "\(process.terminationStatus): \(said)")
        #expect(said.contains("ssh -N -L \(port):127.0.0.1:\(port)"), "\(said)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == files)
    }
}
