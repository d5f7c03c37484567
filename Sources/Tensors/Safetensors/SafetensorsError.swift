/// Why a safetensors file was refused: the file, the tensor where it is about one, and what is wrong.
package struct SafetensorsError: Error, Equatable, CustomStringConvertible {
    package var file: String
    package var tensor: String?
    package var problem: String

    package init(file: String, tensor: String? = nil, problem: String) {
        self.file = file
        self.tensor = tensor
        self.problem = problem
    }

    package var description: String {
        if let tensor { "\(file): tensor '\(tensor)': \(problem)" } else { "\(file): \(problem)" }
    }
}
