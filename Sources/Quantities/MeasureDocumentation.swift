import JobContract

extension KnownQuantities {
    /// The reference of all measures as Markdown: what `docs/measures.md` holds. `parameters` are those of each measure,
    /// `rules` what it needs of trials.
    package static func documentation(
        parameters: [String: [MeasureParameter]], rules: [String: [MeasureRule]]
    ) -> String {
        preface + all.map { section($0, parameters[$0.name] ?? [], rules[$0.name] ?? []) }.joined()
    }

    private static func section(
        _ measure: MeasureEntry, _ parameters: [MeasureParameter], _ rules: [MeasureRule]
    ) -> String {
        var text = "\n## \(measure.name), version \(measure.version)\n\n\(measure.about)\n"
        for (number, change) in measure.changes.enumerated() { text += "\nVersion \(number + 2): \(change)\n" }
        text += table(parameters.filter { $0.name != MeasureRequest.othersParameter })
        if !rules.isEmpty { text += "\nNeeds " + rules.map(\.inWords).joined(separator: "; ") + ".\n" }
        if !measure.artifacts.isEmpty {
            text += "\nArtifacts: " + measure.artifacts.map { "`\($0)`" }.joined(separator: ", ") + ".\n"
        }
        text += "\n| quantity | formula | unit | by | kind | fact of | needs | source | error over | control |\n"
        text += String(repeating: "|---", count: 10) + "|\n"
        for quantity in measure.quantities {
            let by = [quantity.bySigma ? "σ" : nil, quantity.position].compactMap(\.self).joined(separator: ", ")
            let needs = quantity.needs.map { $0.rawValue.replacing("_", with: "-") }.joined(separator: ", ")
            let name = quantity.name.split(separator: " ", maxSplits: 1)
            let cells = [
                "`\(name[0])`" + (name.count > 1 ? " \(name[1])" : ""), quantity.formula, quantity.unit ?? "", by,
                quantity.kind.rawValue, quantity.fact.rawValue, needs, quantity.source, quantity.error,
                quantity.control,
            ]
            // A bar would end the cell.
            text += "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n"
        }
        return text
    }

    private static func table(_ parameters: [MeasureParameter]) -> String {
        var text = "\n| parameter | default | allowed | meaning |\n|---|---|---|---|\n"
        for parameter in parameters {
            let declaration = parameter.declaration
            let conditions = declaration.when?.inWords ?? ""
            let cells = [
                "`\(parameter.name)`", (try? JSONText.write(parameter.fallback)) ?? "", declaration.expected,
                (declaration.meaning ?? "") + (conditions.isEmpty ? "" : "; read where \(conditions)"),
            ]
            text += "| " + cells.joined(separator: " | ") + " |\n"
        }
        return text
    }

    private static let preface = """
        # Measures and their quantities

        What the worker measures of a network, as it declares it (`describe`, [job-contract.md](job-contract.md)); its
        code has the details. D is the denoiser, x = y + σn the noisy image, d its pixels; D_G is the Gaussian (Wiener)
        denoiser of the training subset and D_M the optimum for it. Pixels are in [−1, 1]; σ is in their unit.

        - **kind**: a share is a count out of `n` draws and has the interval of one; the others have that of means.
        - **fact of**: *network*; *subset*, what the images alone make, so that trials of the same images have one value of
          it; *pair*, the networks of a comparison together.
        - **needs**: *sampler*, a network of all noise levels; *derivative*, backward passes; *training*, *held-out*
          images; *source*, all images of the dataset. Of a network of which nobody says what it was trained on
          (`dataset.split: unknown`) there are those that need neither *training* nor *held-out*.
        - **error over**: what `stderr` counts as independent; several noises of one image count once.
        - **control**: what the number is to be held against.

        What draws noise or latents has `draws`: `by_seed` keys them by the measure's `seed` and the training's, of a
        comparison by those of all its members, so that trainings of one seed are compared on equal draws and the spread
        between seeds has the draw's error in it; `shared` by the measure's `seed` alone. `n` counts draws.

        A version rises when values change; results of earlier versions stay, and are never averaged with later ones.

        """
}
