import JobContract
import SweepModel

/// What all the links of a fleet share.
struct LinkContext: Sendable {
    var catalogue: String
    var generation: Int
    var nonce: String
    var earlier: [CoordinatorStart]
    var place: CataloguePlace?
    var depot: any FileDepot
    var deliver: @Sendable (HostName, HostReport) -> Void
    var machines: MachineRegistry
    /// Our worker, if it is to run: it must give the same bits on every host.
    var worker: WorkerCheck?
    var connecting: ConnectContext
    var pace = ReportPace()

    var options: ConnectionOptions { connecting.options }
}
