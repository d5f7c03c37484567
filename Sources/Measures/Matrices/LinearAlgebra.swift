import COpenBLAS
import MeasureKernels
import Synchronization

/// Whether OpenBLAS can be used on this host.
enum LinearAlgebra {
    private static let hasBuffer = Mutex(false)

    /// Throws where this CPU lacks what the pinned kernels need, or this process cannot get the memory in which OpenBLAS
    /// works: OpenBLAS would ask for it for ever. Once OpenBLAS has that memory, it keeps it.
    static func require() throws(EigendecompositionError) {
        guard mk_cpu_runs_blas() else {
            throw EigendecompositionError(
                description: "this CPU lacks AVX2 or FMA, which eigendecompositions and solving need; measure on "
                    + "another host",
                isHosts: true)
        }
        let isReady = hasBuffer.withLock { hasBuffer in
            if !hasBuffer, mk_memory_runs_blas() {
                takeBuffer()
                hasBuffer = true
            }
            return hasBuffer
        }
        guard isReady else {
            throw EigendecompositionError(
                description: "this host gives a process too little memory: eigendecompositions and solving need "
                    + "130 MiB at once; raise its limit (ulimit -v) or measure on another host",
                isHosts: true)
        }
    }

    /// Has OpenBLAS take its buffer, by the smallest factorisation that does.
    private static func takeBuffer() {
        var (matrix, right, one, info) = (1.0, 1.0, Int32(1), Int32(0))
        dposv_("L", &one, &one, &matrix, &one, &right, &one, &info)
    }
}
