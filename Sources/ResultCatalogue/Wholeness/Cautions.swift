import Synchronization

extension CatalogueFile {
    private static let listener = Mutex<@Sendable (String) -> Void>({ _ in })

    /// Sets what is called with messages that people should read before they believe answers from a catalogue.
    package static func onCaution(_ body: @escaping @Sendable (String) -> Void) { listener.withLock { $0 = body } }

    static func caution(_ message: String) { listener.withLock { $0 }(message) }
}
