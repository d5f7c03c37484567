import ContentStore
import SweepModel

extension [RunningSweep] {
    /// Has jobs of our worker done by the program for GPUs on hosts that have some.
    mutating func addDevicePrograms(for hosts: [HostSpec], in store: ContentStore) throws {
        guard hosts.contains(where: { $0.gpus != nil }), let path = Programs.onDevice else { return }
        let upload = try WorkerUpload(name: Programs.onDeviceName, content: .file(path)).stored(in: store)
        for index in indices where self[index].isOurs { self[index].prepared.onDevice = upload }
    }
}
