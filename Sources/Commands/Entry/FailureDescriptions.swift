import ContentStore
import DatasetPreparation
import ImageGenerators
import ResultCatalogue
import ResultQueries
import SweepFiles
import SweepModel

extension CommandFailure {
    /// The exit code and words for an error of the layers below; nil for any other error.
    init?(describing error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as SweepFileError: self.init(.invalidInput, error.description)
        case let error as DatasetPreparationError: self.init(.invalidInput, error.description)
        case let error as PreparedFileError: self.init(.catalogue, error.description)
        case let error as WhereExpression.Failure: self.init(.usage, error.description)
        case let error as CatalogueError:
            self.init(error.kind == .query ? .usage : .catalogue, error.description)
        case let error as StoreError: self.init(.catalogue, error.description)
        case let error as ReportError:
            self.init(error.kind == .request ? .usage : .internalError, error.description)
        default: return nil
        }
    }

    /// The exit code for whatever a command threw.
    static func status(of error: any Error) -> Int32 {
        (CommandFailure(describing: error)?.status ?? .internalError).rawValue
    }
}
