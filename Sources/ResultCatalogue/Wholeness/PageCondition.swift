import CSQLiteSetup

/// The condition of the seals of a catalogue's pages.
enum PageCondition: Hashable, Sendable {
    /// Every page bears its seal.
    case sealed
    /// Our writer has the catalogue open, or did not close it in order: pages may lack a seal, none has a wrong one.
    case open
    /// Another program changed rows, first at that time: seals mean nothing until they are renewed.
    case edited(since: String)
    /// Another program wrote the whole file anew, without seals.
    case rewritten
    /// An earlier release wrote it, which knew no seals.
    case unsealed

    /// Which pages may be read.
    var demand: page_demand {
        switch self {
        case .sealed: page_demand_sealed
        case .open, .rewritten: page_demand_sealed_or_bare
        case .edited, .unsealed: page_demand_none
        }
    }

    /// Whether nobody would notice damage inside a page.
    var isUnsealed: Bool {
        switch self {
        case .sealed, .open: false
        case .edited, .rewritten, .unsealed: true
        }
    }

    /// A warning before answers from the file at `path`; nil where damage would be noticed.
    func caution(_ path: String) -> String? {
        stranger.map {
            "\(path): \($0). Damage inside its pages would not be noticed; the next command that writes it, as "
                + "`eigensweep resume`, seals them."
        }
    }

    /// A note once these pages are sealed as they were found; nil where only our writer wrote them.
    func sealedNow(_ path: String) -> String? {
        stranger.map { "\(path): \($0). Its pages were sealed as they were found." }
    }

    /// Who wrote pages without a seal, as the beginning of a sentence; nil where only our writer did.
    private var stranger: String? {
        switch self {
        case .sealed, .open: nil
        case .edited(let since): "another program edited this catalogue (first at \(since))"
        case .rewritten: "another program wrote this file anew"
        case .unsealed: "this catalogue was written by an earlier eigensweep or by another program"
        }
    }
}
