import Diffusion
import Tensors

/// A training of a `ddpmpp` network by EDM's loop, step by step. Its state after n steps is a function of
/// configuration, settings, images and n alone: the bits are the same on every CPU, and across `state()` and
/// `init(restoring:)`.
package final class TrainingRun {
    package let configuration: DDPMPPConfiguration
    package let settings: TrainingSettings
    /// Optimiser steps done.
    package private(set) var steps = 0
    /// Images seen: steps × batch.
    package var imagesSeen: Int { steps * settings.batch }

    /// A new training. `images` holds N·C·H·W bytes, N at least 1; pixels become u8/127.5 − 1. Sizes that the
    /// architecture cannot have are a `NetworkError`, unfit settings or images a `TrainingError`.
    package init(configuration: DDPMPPConfiguration, settings: TrainingSettings, images: [UInt8]) throws {
        self.configuration = configuration
        self.settings = settings
    }

    /// Goes on from `state()` of a training with the same configuration, settings and images. A state of another
    /// network, or a damaged one, is a `SafetensorsError`.
    package init(
        restoring state: [UInt8], name: String, configuration: DDPMPPConfiguration, settings: TrainingSettings,
        images: [UInt8]
    ) throws {
        self.configuration = configuration
        self.settings = settings
    }

    /// One step; returns the batch's loss Σ λ‖D − y‖² / batch. Throws `TrainingError.diverged` when the loss or a
    /// parameter is not finite.
    package func step() throws(TrainingError) -> Double { 0 }

    /// The averaged (EMA) weights as a safetensors file with the reference's names.
    package func weights() -> [UInt8] { [] }

    /// The full state: parameters, average, Adam's moments, step.
    package func state() -> [UInt8] { [] }
}
