/// Which device networks compute on.
package enum DeviceChoice: Equatable, Sendable {
    /// CUDA's where there is one, else the first of OpenCL's list that is no CPU.
    case first
    case cuda
    /// The one of OpenCL's list that has this number, though it be a CPU.
    case opencl(Int)

    /// What `EIGENSWEEP_DEVICE` says; the first where it says nothing.
    package init(_ word: String?) throws(DeviceError) {
        switch word ?? "" {
        case "": self = .first
        case "cuda": self = .cuda
        case let word:
            guard let number = Int32(word), number >= 0 else {
                throw DeviceError(
                    "EIGENSWEEP_DEVICE is neither cuda nor the number of a device in OpenCL's list, but '\(word)'")
            }
            self = .opencl(Int(number))
        }
    }
}
