import Foundation
import Kernels
import Testing

/// The kernels' source as CUDA's compiler reads it, which needs no GPU. `EIGENSWEEP_NVRTC` names its library.
struct DeviceSourceTests {
    static let library = ProcessInfo.processInfo.environment["EIGENSWEEP_NVRTC"].flatMap { $0.isEmpty ? nil : $0 }

    /// The functions of NVRTC by which a program is compiled; each returns 0 where it did what it was asked for.
    private struct Compiler {
        typealias Create =
            @convention(c) (
                UnsafeMutablePointer<OpaquePointer?>, UnsafePointer<CChar>, UnsafePointer<CChar>, Int32,
                OpaquePointer?, OpaquePointer?
            ) -> Int32
        typealias Compile = @convention(c) (OpaquePointer?, Int32, UnsafePointer<UnsafePointer<CChar>?>) -> Int32
        typealias Size = @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int>) -> Int32
        typealias Text = @convention(c) (OpaquePointer?, UnsafeMutablePointer<CChar>) -> Int32

        let create: Create
        let compile: Compile
        let texts: [(size: Size, text: Text)]

        init(_ path: String) throws {
            let library = try #require(dlopen(path, RTLD_NOW), "\(String(cString: dlerror()))")
            func find<F>(_ name: String, as type: F.Type) throws -> F {
                unsafeBitCast(try #require(dlsym(library, name), "\(name)"), to: type)
            }
            create = try find("nvrtcCreateProgram", as: Create.self)
            compile = try find("nvrtcCompileProgram", as: Compile.self)
            texts = try ["ProgramLog", "PTX"].map {
                (try find("nvrtcGet\($0)Size", as: Size.self), try find("nvrtcGet\($0)", as: Text.self))
            }
        }

        /// What it says of a source, and what it makes of it.
        func run(_ source: String, _ options: [String]) throws -> (log: String, code: String) {
            var program: OpaquePointer?
            try #require(create(&program, source, "kernels.cu", 0, nil, nil) == 0)
            let words: [UnsafePointer<CChar>?] = options.map { UnsafePointer(strdup($0)) }
            defer { for word in words { free(UnsafeMutableRawPointer(mutating: word)) } }
            let status = compile(program, Int32(words.count), words)
            let found = texts[..<(status == 0 ? 2 : 1)].map { functions in
                var count = 0
                _ = functions.size(program, &count)
                var bytes = [CChar](repeating: 0, count: max(1, count))
                _ = functions.text(program, &bytes)
                return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
            try #require(status == 0, "\(found[0])")
            return (found[0], found[1])
        }
    }

    private static var source: String {
        withUnsafePointer(to: ek_cuda_source) { parts in
            parts.withMemoryRebound(to: UnsafePointer<CChar>.self, capacity: Int(EK_SOURCE_PARTS)) { parts in
                (0..<Int(EK_SOURCE_PARTS)).map { String(cString: parts[$0]) }.joined()
            }
        }
    }

    /// Every kernel is there, and every operation on float32 is rounded to the nearest with its subnormals: none is contracted
    /// or approximated.
    @Test(.enabled(if: library != nil, "no NVRTC here: EIGENSWEEP_NVRTC names its library; scripts/test fetches it"))
    func cudaCompilesThemExactly() throws {
        let compiler = try Compiler(#require(Self.library))
        func code(_ contraction: String) throws -> String {
            try compiler.run(
                Self.source,
                ["--gpu-architecture=compute_75", "--prec-div=true", "--prec-sqrt=true", "--ftz=false", contraction]
            ).code
        }
        let exact = try code("--fmad=false")
        let kernels = Self.source.matches(of: /\nKERNEL void (ek_\w+)\(/).map { String($0.1) }
        #expect(kernels.count > 40)
        for kernel in kernels { #expect(exact.contains(".entry \(kernel)("), "\(kernel)") }
        let operations = Set(
            exact.matches(of: /\b(add|sub|mul|div|sqrt|rsqrt|rcp|fma|mad|ex2|lg2|sin|cos)\.[a-z.]*f32/).map(\.0))
        let rounded = ["add", "sub", "mul", "div", "rcp", "sqrt", "fma"].map { Substring("\($0).rn.f32") }
        #expect(operations == Set(rounded))
        // What the option keeps it from.
        func fused(_ code: String) -> Int { code.matches(of: /fma\.rn\.f32/).count }
        #expect(try fused(code("--fmad=true")) > fused(exact))
    }
}
