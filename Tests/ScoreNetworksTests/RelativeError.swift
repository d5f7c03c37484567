/// The largest difference, divided by the largest magnitude of `expected`.
func relativeError(_ actual: [Double], _ expected: [Double]) -> Double {
    guard actual.count == expected.count else { return .infinity }
    let largest = expected.map { abs($0) }.max() ?? 0
    let difference = zip(actual, expected).map { abs($0 - $1) }.max() ?? 0
    guard difference.isFinite else { return .infinity }
    return largest > 0 ? difference / largest : difference
}
