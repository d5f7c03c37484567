import Devices
import Diffusion
import ScoreNetworks
import Tensors
import Testing

/// The device that tests compute on: the first that OpenCL names, which is the CPU by PoCL where there is no GPU.
enum TestDevice {
    static let problem: String? = {
        do {
            _ = try DeviceMachine(.opencl(0))
            return nil
        } catch {
            return "\(error)"
        }
    }()
    static let isThere: ConditionTrait = .enabled(
        if: problem == nil, "no device here: \(problem ?? ""); scripts/test installs PoCL")
}

/// Every kind of network, by every preconditioning, with dropout and augmentation, has the same bits on a device.
@Suite(.serialized, TestDevice.isThere) struct DeviceNetworkTests {
    private static func machine() throws -> DeviceMachine { try DeviceMachine(.opencl(0)) }

    /// Batches of 37 images are three groups, the last of them not full.
    @Test(arguments: SmallNetworks.all) func trainingsHaveTheSameStates(subject: SmallNetworks.Subject) throws {
        let (here, there) = (try subject.training(), try subject.training(on: Self.machine()))
        #expect(there.state() == here.state())
        for _ in 0..<3 {
            let (loss, same) = (try here.step(), try there.step())
            #expect(loss == same)
        }
        #expect(there.state() == here.state())
        #expect(there.weights() == here.weights())
    }

    /// 65 groups of images pass in two turns, whose gradients are added one after the other.
    @Test func batchesOfSeveralTurnsHaveTheSameStates() throws {
        let subject = SmallNetworks.all[0]
        let runs = try [HostMachine<Float>(), Self.machine()].map { (machine: any LaneMachine<Float>) in
            let run = try subject.training(batch: 16 * 64 + 1, on: machine)
            _ = try run.step()
            return run.state()
        }
        #expect(runs[0] == runs[1])
    }

    @Test func trainingsByGradientDescentHaveTheSameStates() throws {
        let configuration = SmallNetworks.all[3].configuration
        let settings = TrainingSettings(
            batch: 20, optimiser: .sgd(momentum: 0.7), weightDecay: 0.1, preconditioning: .none)
        let machines: [any LaneMachine<Float>] = [HostMachine<Float>(), try Self.machine()]
        let runs = try machines.map { machine in
            let run = try TrainingRun(
                configuration: configuration, settings: settings, images: SmallNetworks.Subject.pixels, on: machine)
            for _ in 0..<3 { _ = try run.step() }
            return run
        }
        #expect(runs[0].state() == runs[1].state())
    }

    @Test(arguments: [SmallNetworks.all[0], SmallNetworks.all[5]])
    func eitherGoesOnWithTheOthersState(subject: SmallNetworks.Subject) throws {
        let whole = try subject.trained(steps: 4)
        let half = try subject.trained(steps: 2)
        func continued(_ state: [UInt8], on machine: any LaneMachine<Float>) throws -> TrainingRun {
            let run = try TrainingRun(
                restoring: state, name: "state", configuration: whole.configuration, settings: whole.settings,
                images: SmallNetworks.Subject.pixels, on: machine)
            for _ in run.steps..<4 { _ = try run.step() }
            return run
        }
        #expect(try continued(half.state(), on: Self.machine()).state() == whole.state())
        let there = try subject.training(on: Self.machine())
        for _ in 0..<2 { _ = try there.step() }
        #expect(try continued(there.state(), on: HostMachine()).state() == whole.state())
    }

    /// Denoised images and vector-Jacobian products; 37 images of different noise levels are three groups.
    @Test(arguments: SmallNetworks.all) func denoisersHaveTheSameBits(subject: SmallNetworks.Subject) throws {
        let weights = try subject.trained().weights()
        let here = try NetworkDenoiser(weights: weights, name: "weights")
        let there = try NetworkDenoiser(weights: weights, name: "weights", on: Self.machine())
        let images = Latents.draw(seed: 4, count: 37, shape: here.imageShape)
        let levels = (0..<37).map { 0.05 * Double($0 + 1) }
        #expect(there.denoise(images, sigma: levels) == here.denoise(images, sigma: levels))
        // Fewer groups than before.
        let few = Latents.draw(seed: 4, count: 3, shape: here.imageShape)
        #expect(there.denoise(few, sigma: [0.1, 1, 2]) == here.denoise(few, sigma: [0.1, 1, 2]))
        let vectors = Latents.draw(seed: 5, count: 18, shape: here.imageShape)
        let one = Latents.draw(seed: 6, count: 1, shape: here.imageShape)
        let (pullback, same) = (try here.pullback(at: one, sigma: 0.6), try there.pullback(at: one, sigma: 0.6))
        #expect(same(vectors) == pullback(vectors))
    }

    /// Where a device has no such number, the reason is a sentence.
    @Test func aMissingDeviceIsToldOf() {
        #expect(throws: DeviceError.self) { _ = try DeviceMachine(.opencl(999)) }
        do {
            _ = try DeviceMachine(.opencl(999))
        } catch {
            #expect("\(error)".contains("number 999 was asked for"))
        }
    }
}
