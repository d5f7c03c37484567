import JobContract

extension MemoryForecast {
    /// What a training takes that is to take these of its sweep's measures itself: for `raw-loss` it has a second network, which
    /// is only asked. Of three networks that were measured it took .46 to .65 as much again, of a blind one .12.
    static func training(of spec: [String: JSONValue], measuring measures: [MeasureRequest]) -> Int? {
        guard let bytes = training(of: spec) else { return nil }
        guard measures.contains(where: \.isOfTraining), let architecture = Architecture.of(spec) else { return bytes }
        return bytes + Int(Double(bytes) * (architecture.isBlind ? 0.12 : 0.55))
    }
}
