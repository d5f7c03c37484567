/// Checkpoints in PyTorch's format are programs for Python's unpickler, which may do anything. They are not run here.
enum Pickle {
    private static let endings = [".pt", ".pth", ".pkl", ".ckpt", ".pickle"]

    /// Throws JobFailure where `bytes` are a pickle, or are named as one and are no safetensors file. Its message has the
    /// three lines of Python that convert the file.
    static func refuse(_ bytes: [UInt8], name: String) throws {
        let isArchive = bytes.starts(with: "PK\u{3}\u{4}".utf8)
        // Pickles of protocol 2 to 5 begin with 0x80 and the protocol's number.
        let isPlain = bytes.count > 2 && bytes[0] == 0x80 && (2...5).contains(bytes[1])
        let isNamedSo = endings.contains { name.lowercased().hasSuffix($0) } && !(bytes.count > 8 && bytes[8] == 0x7B)
        guard isArchive || isPlain || isNamedSo else { return }
        let loaded =
            isArchive
            ? #"weights = torch.load("\#(name)", map_location="cpu", weights_only=True)"#
            : #"weights = pickle.load(open("\#(name)", "rb"))["ema"].state_dict()"#
        throw JobFailure(
            .unsupported,
            """
            \(name) is a pickle of Python: opening it runs what is in it, so it is not read here. Where you trust it, three \
            lines make a checkpoint of it, `config` having the network's own sizes:
              import json, \(isArchive ? "torch" : "pickle, torch"); from safetensors.torch import save_file
              \(loaded)
              save_file({k: v.contiguous() for k, v in weights.items()}, "network.safetensors", {"config": json.dumps(\
            {"architecture": "ddpmpp", "resolution": 64, "image_channels": 3, "model_channels": 128, \
            "channel_mult": [1, 2, 2, 2], "num_blocks": 4, "attn_resolutions": [16]})})
            """)
    }
}
