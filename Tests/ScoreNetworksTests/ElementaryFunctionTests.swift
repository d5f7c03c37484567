import Foundation
import Tensors
import Testing

/// Compares functions with the C library's, whose errors are below 1 unit in the last place.
struct ElementaryFunctionTests {
    private func expectClose(_ actual: Double, _ expected: Double, _ what: String) {
        #expect(abs(actual - expected) <= 2 * expected.ulp, "\(what): \(actual), expected \(expected)")
    }

    @Test func exponentialsAndLogarithms() {
        for i in -700...700 {
            let x = Double(i) + 0.37
            expectClose(Elementary.exp(x), exp(x), "exp \(x)")
            expectClose(Elementary.log(exp(x)), log(exp(x)), "log exp \(x)")
        }
        for x in [0.002, 0.5, 0.9999, 1, 1.0001, 80, .leastNonzeroMagnitude, 3 * .leastNonzeroMagnitude] {
            expectClose(Elementary.log(x), log(x), "log \(x)")
        }
        #expect(Elementary.exp(-1000) == 0 && Elementary.exp(1000) == .infinity)
        #expect(Elementary.log(0) == -.infinity && Elementary.log(-1).isNaN && Elementary.exp(.nan).isNaN)
    }

    @Test func sinesAndCosines() {
        for i in -20_000...20_000 {
            let x = Double(i) * 0.0517
            #expect(abs(Elementary.sin(x) - sin(x)) < 3e-16 && abs(Elementary.cos(x) - cos(x)) < 3e-16, "at \(x)")
        }
    }

    @Test func powers() {
        for x in [0.002, 0.7, 2, 80] {
            for y in [1.0 / 7, 7, -2.5] {
                #expect(abs(Elementary.pow(x, y) / pow(x, y) - 1) < 1e-14, "\(x)^\(y)")
            }
        }
        #expect(Elementary.power(0.5, 10) == 0x1p-10 && Elementary.power(3, 0) == 1)
    }
}
