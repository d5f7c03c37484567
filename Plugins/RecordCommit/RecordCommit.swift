import Foundation
import PackagePlugin

/// Writes down, as Swift source, which commit is built and its date, whenever that is another than at the build before.
///
/// `Context.gitInformation` cannot serve: SwiftPM remembers the manifest, and with it an earlier commit.
@main
struct RecordCommit: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let folder = context.pluginWorkDirectoryURL
        let script = """
            commit=$(git --no-optional-locks -C "$1" describe --always --exclude='*' --abbrev=12 --dirty 2>/dev/null || true)
            date=$(git --no-optional-locks -C "$1" show -s --format=%cs HEAD 2>/dev/null || true)
            text="extension BuildFacts { static let recorded = (commit: \\"$commit\\", date: \\"$date\\") }"
            [ "$(cat "$2/Commit.swift" 2>/dev/null)" = "$text" ] || echo "$text" >"$2/Commit.swift"
            """
        return [
            .prebuildCommand(
                displayName: "Recording the commit", executable: URL(fileURLWithPath: "/bin/sh"),
                arguments: ["-c", script, "sh", context.package.directoryURL.path, folder.path],
                outputFilesDirectory: folder)
        ]
    }
}
