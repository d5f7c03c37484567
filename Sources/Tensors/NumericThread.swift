import Kernels

/// Settings of the CPU that numbers depend on, or that tests vary.
package enum NumericThread {
    /// The vector instructions that the layer kernels use. All give the same bits.
    package enum Variant: UInt32, Sendable, CaseIterable {
        case plain = 0
        case avx2 = 1
        case avx512 = 2
    }

    /// Sets rounding to nearest with subnormal numbers kept. Every thread that computes must call it first.
    package static func prepare() { ek_prepare_thread() }

    /// CPU time of the calling thread.
    package static var seconds: Double { ek_thread_seconds() }

    package static var variant: Variant { Variant(rawValue: ek_selected_variant().rawValue) ?? .plain }

    package static func supports(_ variant: Variant) -> Bool { ek_supports(ek_variant(variant.rawValue)) != 0 }

    /// Makes all kernels of the process use `variant`. Returns false and changes nothing where the CPU lacks it.
    @discardableResult
    package static func select(_ variant: Variant) -> Bool { ek_select_variant(ek_variant(variant.rawValue)) != 0 }
}
