/// A file or folder of a dataset's source, and why it was left aside.
package struct NamedReason: Hashable, Sendable, Codable {
    package var name: String
    package var reason: String

    package init(name: String, reason: String) {
        self.name = name
        self.reason = reason
    }
}

/// The account of a dataset: how many of the images that its source holds were used, and why others were not.
package struct DatasetAccount: Hashable, Sendable, Codable {
    /// Files with one reason in common.
    package struct Group: Hashable, Sendable, Codable {
        package var reason: String
        package var count: Int
        /// The first of their names.
        package var examples: [String]

        private static let mostExamples = 3

        /// One group for each reason, in the order in which reasons first appear.
        package static func groups(of reasons: [NamedReason]) -> [Group] {
            var groups: [Group] = []
            var places: [String: Int] = [:]
            for named in reasons {
                if let place = places[named.reason] {
                    groups[place].count += 1
                    if groups[place].examples.count < mostExamples { groups[place].examples.append(named.name) }
                } else {
                    places[named.reason] = groups.count
                    groups.append(Group(reason: named.reason, count: 1, examples: [named.name]))
                }
            }
            return groups
        }

        fileprivate var inWords: String {
            "\(reason): \(examples.map(printable).joined(separator: ", "))"
                + (count > examples.count ? " and \(count - examples.count) more" : "")
        }
    }

    /// Images of the source, used or not.
    package var found: Int
    /// Images in the dataset.
    package var used: Int
    /// Images left out because an earlier one has the same pixels.
    package var equal = 0
    /// Images left out, where that is asked for, because an earlier one has nearly the same pixels.
    package var alike = 0
    /// Images used that are smaller than asked for.
    package var enlarged = 0
    /// Images turned or mirrored as their Exif orientation says.
    package var turned = 0
    /// One line for each file of many images, which says what it holds.
    package var records: [String] = []
    /// Folders that were reached by links.
    package var links: [String] = []
    /// Files that are no images and were left aside.
    package var skipped: [Group] = []
    /// Files that cannot be used and were left out, where that is asked for.
    package var refused: [NamedReason] = []
    /// How many of the used images, from the first, are for training, where that is given; the others are for holding out.
    package var training: Int?
    /// In the account of a source of held-out images: images left out because they equal a training image.
    package var alsoTrainedOn: Int?
    /// The accounts of held-out images that have a source of their own; with them `found` and what follows `used` count the
    /// training images alone.
    package var heldOut: [DatasetAccount]?

    package init(found: Int, used: Int) {
        self.found = found
        self.used = used
    }

    private static func are(_ count: Int) -> String { count == 1 ? "is" : "are" }

    /// Sentences for people: the first says what there is, each further one what became of some of it.
    package func lines(_ request: DatasetRequest) -> [String] {
        let size = "\(request.resolution)×\(request.resolution)"
        let colours = request.channels == 1 ? "grey" : "colour"
        let own = heldOut == nil ? used : training ?? used
        let role = heldOut == nil ? "" : "training, "
        var lines = [
            "\(role)\(printable(request.shownSource)), \(size) \(colours): \(found) images "
                + "\(request.isGenerator ? "made" : "found"), \(own) used"
        ]
        if let samples = request.samples {
            return ["\(printable(samples.words)), \(size) \(colours), all of them used, also those that are equal"]
        }
        if let training, let index = request.path("training_index") {
            lines.append("\(training) are for training, as \(printable(index)) says, and \(used - training) are not")
        }
        if let alsoTrainedOn, alsoTrainedOn > 0 {
            lines.append("\(alsoTrainedOn) \(Self.are(alsoTrainedOn)) equal to a training image and left out")
        }
        if equal > 0 { lines.append("\(equal) \(Self.are(equal)) equal to an earlier one and left out") }
        if alike > 0 { lines.append("\(alike) \(Self.are(alike)) nearly equal to an earlier one and left out") }
        if !refused.isEmpty {
            let shown = refused.prefix(20).map { "\(printable($0.name)) (\($0.reason))" }
            lines.append(
                "\(refused.count) cannot be used and \(Self.are(refused.count)) left out: \(shown.joined(separator: ", "))"
                    + (refused.count > shown.count ? " and \(refused.count - shown.count) more" : ""))
        }
        if turned > 0 { lines.append("\(turned) \(Self.are(turned)) turned as their Exif orientation says") }
        if enlarged > 0 {
            lines.append(
                "\(enlarged) are smaller than \(size) and are enlarged; what they show at that size is interpolated")
        }
        if !links.isEmpty {
            let shown = links.prefix(3).map(printable)
            lines.append(
                "by links: \(shown.joined(separator: ", "))"
                    + (links.count > shown.count ? " and \(links.count - shown.count) more" : ""))
        }
        lines += records.map(printable) + skipped.map { "not read, \($0.inWords)" }
        for account in heldOut ?? [] {
            var theirs = request
            theirs.source = request.path("held_out_source") ?? ""
            let further = account.lines(theirs)
            lines += further.prefix(1).map { "held out, \($0)" } + further.dropFirst()
        }
        return lines
    }
}

/// A file's name of at most 200 characters, with `?` for each control character, which could steer a terminal.
package func printable(_ name: String) -> String {
    var text = String.UnicodeScalarView()
    for scalar in name.unicodeScalars.prefix(200) {
        text.append(scalar.properties.generalCategory == .control ? "?" : scalar)
    }
    return String(text)
}
