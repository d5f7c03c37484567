import JobContract
import SweepModel

extension HostVisits {
    /// Compares the files of the host's store with their names; `limit` is roughly how many bytes are read, nil: all.
    package func inspect(
        _ host: HostSpec, limit: Int? = nil, putsAside: Bool
    ) throws(HostFailure) -> InspectionReport {
        try visit(host) { visit, _ throws(HostFailure) in
            try visit.inspect(
                InspectionRequest(directory: host.directory, limit: limit, putsAside: putsAside), on: host)
        }
    }

    /// Brings into `depot` those of the files that the host has whole, and returns them with what it said of others that
    /// it found damaged. Stops at the first that does not come.
    package func bring(
        _ files: [Digest], from host: HostSpec, into depot: any FileDepot
    ) throws(HostFailure) -> (brought: [Digest], damages: [String]) {
        try visit(host) { visit, _ throws(HostFailure) in
            var brought: [Digest] = []
            var rest = files[...]
            while !rest.isEmpty {
                // A message holds so many.
                let part = Array(rest.prefix(1000))
                rest = rest.dropFirst(part.count)
                let request = InspectionRequest(directory: host.directory, wanted: part, putsAside: true)
                for digest in try visit.inspect(request, on: host).whole where depot.wholeFile(digest) == nil {
                    try visit.fetch(digest, into: depot)
                    brought.append(digest)
                }
            }
            return (brought, visit.damages)
        }
    }
}

extension HostConversation {
    /// The host may take as long as reading its whole store does.
    fileprivate mutating func inspect(
        _ request: InspectionRequest, on host: HostSpec
    ) throws(HostFailure) -> InspectionReport {
        switch try ask(.inspect(request), seconds: 3600) {
        case .inspected(let report): return report
        case .refused(let refusal): throw HostFailure(refusal, host: host.name)
        case .examined, .described, .tried, .lacking, .mute, .cleaned, .orphans, .held, .relaying, .queueExamined:
            throw HostFailure(.protocolViolation, "\(host.name): the agent answered something else than was asked")
        }
    }
}
