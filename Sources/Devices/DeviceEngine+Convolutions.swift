import Kernels
import Tensors

extension DeviceEngine {
    typealias In = UnsafePointer<Float>
    typealias Out = UnsafeMutablePointer<Float>

    private func tiles(_ height: Int, _ width: Int) -> Int { (height + 1) / 2 * ((width + 3) / 4) }

    func convolution(
        _ x: In, _ channels: Int, _ height: Int, _ width: Int, _ weights: In, turned: Bool, bias: In, add: In?,
        _ scale: Float, _ outputs: Int, out: Out
    ) {
        let tiles = tiles(height, width)
        let domain = 24 * channels * tiles * laneCount
        let scratch = domain + 12 * outputs * tiles * laneCount
        func arguments() -> ek_convolution {
            ek_convolution(
                in: find(x), weights: find(weights), bias: find(bias), add: find(add), out: find(out),
                domain: memory.scratch(0), products: memory.scratch(domain), channels: UInt32(channels),
                outputs: UInt32(outputs), height: UInt32(height), width: UInt32(width), turned: turned ? 1 : 0,
                adds: add == nil ? 0 : 1, scale: scale)
        }
        if KernelMemory.sharesWeights(outputs: outputs, inputs: channels, taps: 9) {
            run("ek_winograd_input", tiles * laneCount, channels, scratch: scratch, arguments)
            run(
                "ek_winograd_products", (tiles + 1) / 2 * laneCount, 6 * outputs / 4, scratch: scratch, arguments)
            run("ek_winograd_output", tiles * laneCount, outputs, scratch: scratch, arguments)
        } else {
            run("ek_convolution", height * width * laneCount, (outputs + 3) / 4, arguments)
        }
    }

    func convolutionGradient(
        _ x: In, dy: In, _ channels: Int, _ outputs: Int, _ height: Int, _ width: Int, _ scale: Float, gradient: Out
    ) {
        let weights = outputs * channels
        guard KernelMemory.sharesWeights(outputs: outputs, inputs: channels, taps: 9) else {
            let count = weights * 9
            func arguments() -> ek_weight_gradient {
                ek_weight_gradient(
                    x: find(x), dy: find(dy), domain: ek_place(), slopes: ek_place(), sums: memory.scratch(0),
                    gradient: find(gradient), channels: UInt32(channels), outputs: UInt32(outputs),
                    height: UInt32(height), width: UInt32(width), count: UInt32(count), strip: 0, groups: groups,
                    scale: scale)
            }
            run("ek_convolution_sums", count * laneCount, scratch: count, arguments)
            run("ek_add_sums", count, shared: true, adds: true, scratch: count, arguments)
            return
        }
        let tiles = tiles(height, width)
        let (domain, slopes) = (24 * channels * tiles * laneCount, 24 * outputs * tiles * laneCount)
        let scratch = domain + slopes + 24 * weights
        func arguments() -> ek_weight_gradient {
            ek_weight_gradient(
                x: find(x), dy: find(dy), domain: memory.scratch(0), slopes: memory.scratch(domain),
                sums: memory.scratch(domain + slopes), gradient: find(gradient), channels: UInt32(channels),
                outputs: UInt32(outputs), height: UInt32(height), width: UInt32(width), count: UInt32(tiles),
                strip: UInt32(KernelOrder.gradientStrip(outputs: outputs, inputs: channels, taps: 9)), groups: groups,
                scale: scale)
        }
        func products() -> ek_weight_gradient {
            var arguments = arguments()
            (arguments.x, arguments.dy) = (arguments.domain, arguments.slopes)
            return arguments
        }
        run("ek_winograd_gradient_input", tiles * laneCount, channels, scratch: scratch, arguments)
        run("ek_winograd_slopes", tiles * laneCount, outputs, scratch: scratch, arguments)
        run(
            "ek_outer_sums", (channels + 1) / 2 * ((outputs + 1) / 2), 24, scratch: scratch, products)
        run("ek_winograd_gradient", weights, shared: true, adds: true, scratch: scratch, arguments)
    }

    func pointwise(
        _ x: In, _ channels: Int, _ count: Int, _ weights: In, bias: In, add: In?, _ scale: Float, _ outputs: Int,
        out: Out
    ) {
        run("ek_pointwise", (count + 3) / 4 * laneCount, (outputs + 3) / 4) {
            ek_convolution(
                in: find(x), weights: find(weights), bias: find(bias), add: find(add), out: find(out),
                domain: ek_place(), products: ek_place(), channels: UInt32(channels), outputs: UInt32(outputs),
                height: 1, width: UInt32(count), turned: 0, adds: add == nil ? 0 : 1, scale: scale)
        }
    }

    func pointwiseGradient(
        _ x: In, dy: In, _ channels: Int, _ outputs: Int, _ count: Int, _ scale: Float, gradient: Out
    ) {
        let weights = outputs * channels
        func arguments(_ count: Int) -> ek_weight_gradient {
            ek_weight_gradient(
                x: find(x), dy: find(dy), domain: ek_place(), slopes: ek_place(), sums: memory.scratch(0),
                gradient: find(gradient), channels: UInt32(channels), outputs: UInt32(outputs), height: 1,
                width: UInt32(count), count: UInt32(count),
                strip: UInt32(KernelOrder.gradientStrip(outputs: outputs, inputs: channels, taps: 1)),
                groups: groups, scale: scale)
        }
        run("ek_outer_sums", (channels + 1) / 2 * ((outputs + 1) / 2), scratch: weights) { arguments(count) }
        run("ek_add_sums", weights, shared: true, adds: true, scratch: weights) { arguments(weights) }
    }

    func pack(_ weights: In, _ outputs: Int, _ channels: Int, _ taps: Int, transposed: Bool, packed: Out) {
        let isWinograd = KernelMemory.sharesWeights(outputs: outputs, inputs: channels, taps: taps)
        join(isWinograd ? .winogradWeights : .pack, items: outputs * channels * (isWinograd ? 1 : taps)) { [self] in
            ek_packing(
                weights: find(weights), packed: find(packed), outputs: UInt32(outputs), channels: UInt32(channels),
                taps: UInt32(taps), transposed: transposed ? 1 : 0)
        }
    }
}
