import JobContract
import ResultCatalogue
import SweepModel

/// A sweep or trial that a person named.
struct Subject {
    let remark: RemarkSubject
    /// As people are shown it.
    let words: String
    static let help: String = "A sweep's name or file, or a trial: the beginning of its ID, or '@SWEEP: seed=0'."

    /// Throws `CommandFailure` where the text names neither, or several trials.
    init(_ text: String, in naming: TrialNaming) throws {
        let sweeps = Set(try naming.reader.sweepNames())
        let isFile = text.hasSuffix(".yaml") || text.hasSuffix(".yml") || text.contains("/")
        if sweeps.contains(text) || (isFile && !text.hasPrefix("@")) {
            let name = try naming.reader.sweepName(text)
            (remark, words) = (.sweep(name), "sweep \(name)")
        } else {
            guard text.hasPrefix("@") || !text.isEmpty && text.allSatisfy(\.isHexDigit) else {
                throw CommandFailure(
                    .usage,
                    "no sweep and no trial is called \"\(text)\"\(NearestName.advice(for: text, among: sweeps.sorted())); "
                        + "expected a sweep's name, the first digits of a trial's ID, or its place, such as "
                        + "'@SWEEP: dataset.size=256, seed=0'")
            }
            let trial = try naming.trial(text)
            (remark, words) = (.trial(trial), "trial \(naming.names.name(trial))")
        }
    }
}
