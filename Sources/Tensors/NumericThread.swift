import Kernels

/// Settings of the CPU that numbers depend on, or that tests vary.
package enum NumericThread {
    /// Which vector instructions the layer kernels use. All give the same bits.
    package enum Variant: UInt32, Sendable, CaseIterable {
        case plain = 0
        case avx2 = 1
        case avx512 = 2
    }

    /// To be called at the start of every thread that computes: rounding to nearest, subnormal numbers kept.
    package static func prepare() { ek_prepare_thread() }

    /// CPU time of the calling thread.
    package static var seconds: Double { ek_thread_seconds() }

    package static var variant: Variant { Variant(rawValue: ek_selected_variant().rawValue) ?? .plain }

    package static func supports(_ variant: Variant) -> Bool { ek_supports(ek_variant(variant.rawValue)) != 0 }

    /// Makes all kernels use `variant`; false, and no change, where the CPU lacks it. It holds for the whole process.
    @discardableResult
    package static func select(_ variant: Variant) -> Bool { ek_select_variant(ek_variant(variant.rawValue)) != 0 }
}
