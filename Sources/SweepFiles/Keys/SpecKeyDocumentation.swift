import JobContract
import SweepModel

extension SpecKey {
    /// The reference of all keys as Markdown: what `docs/keys.md` holds.
    package static func documentation() -> String {
        var text = preface
        for (title, keys) in [("dataset", datasetKeys), ("model", modelKeys), ("training and seed", trainingKeys)] {
            text += "\n## \(title)\n\n| key | value | default | read by | meaning |\n|---|---|---|---|---|\n"
            for key in keys {
                let cells = ["`\(key.name)`", key.expected, key.defaultInWords, key.reader.description, key.meaning]
                // A bar would end the cell.
                text += "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n"
            }
        }
        return text
    }

    /// The default, in Markdown.
    package var defaultInWords: String {
        guard let fallback else { return role == .length ? "one of the lengths must be given" : "must be given" }
        var words = "`\(fallback.flowYAML)`" + (isLater ? ", *unwritten*" : "")
        let others = Dictionary(grouping: exceptions?.values.keys.sorted() ?? []) { exceptions?.values[$0] }
        for (value, choices) in others.sorted(by: { $0.value[0] < $1.value[0] }) {
            words += "; \(choices.joined(separator: ", ")): `\(value?.flowYAML ?? "")`"
        }
        return words
    }

    private static var axisForms: String {
        Axis.forms.map { form in
            "| \(form.shapes.map { "`\($0)`" }.joined(separator: ", ")) | \(form.meaning) |"
        }.joined(separator: "\n")
    }

    private static let preface = """
        # Keys of a sweep

        What a sweep file may say of its trials, and `--set` after it. Keys stand in their sections or flat:
        `dataset: {size: 64}` is `dataset.size: 64`. Unknown keys, values out of range, keys that the chosen source,
        architecture, preconditioning, noise or objective does not read, and choices that do not go together are refused
        with file and line.

        Every key but the lengths is part of a training's identity, whether given or left to its default; the length
        makes trials of it, as optimiser steps. So names and defaults never change. A default can depend on another key's
        value, as "`4`; adm: `3`" does on the architecture. Keys that joined later have a default marked *unwritten*: with
        that value a training has the name that it had without the key.

        Two keys have a second name in sweep files, which is replaced as they are read: `training.sigma` is
        `training.noise_sigma`, and `training.lr_halving_epochs`, in passes over the training images, is
        `training.halving_images`: passes · dataset.size, rounded.

        A worker of your own can have more keys, and leave some of these unread ([job-contract.md](job-contract.md#describe)):
        `eigensweep worker keys SWEEP.yaml` lists what the one of a sweep reads.

        ## Axes

        Under `grid:` a key takes several values, and the trials are all combinations, the first axis varying slowest.

        | axis | values |
        |---|---|
        | `[16, 64, 256]` | these |
        \(axisForms)

        Computed values are rounded to 12 significant digits, and to whole numbers where the key is an integer. Points
        that become equal are one trial. Keys that take a list (`model.multipliers`) take a list of lists as an axis.
        An axis takes the place of the value that the key has outside of the grid.

        - `grid: [{…}, {…}]`: the union of several grids; a trial that stands in two of them counts once.
        - `zip: [{A: […], B: […]}]`, in a grid: axes that advance together, as one axis beside the others. A value may come
          again there, beside other values of the others.
        - `exclude: "EXPRESSION"`, or a list of them, in a grid: points for which one holds are no trials. Expressions
          compare keys with `=`, `!=`, `<`, `<=`, `>`, `>=`, `in (…)`, `not in (…)`, joined by `and`, `or`, `not` and
          parentheses: `dataset.size > 256 and model.scale < 8`. They see defaults too; `dataset.source` is compared as it
          was written.
        - `profiles: {NAME: {KEY: VALUE OR AXIS}}`, beside the grid: overrides under a name, chosen by
          `--set profile=NAME`.
        - `--set KEY=VALUE` replaces the key's value or axis, whichever the file has; the value may be an axis:
          `--set 'seed={range: [0, 3]}'`. A length replaces whichever length the file has. Profiles apply first, then the
          others in order. `name`, `about`, `measures`, `needs.memory`, `needs.tags`, `needs.gpus`, `worker.command`,
          `worker.upload` and `worker.measures` can be set too.

        A grid has at most \(BlockResolver.mostPoints) points, and a training at most \(TrainingLength.mostImages) images.

        """
}
