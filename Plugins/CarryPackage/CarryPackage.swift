import Foundation
import PackagePlugin

/// Writes the modules of the Python package down as Swift source, whenever they are others than at the build before.
///
/// In base64: a text of Python may hold whatever ends a literal of Swift.
@main
struct CarryPackage: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let folder = context.pluginWorkDirectoryURL
        let script = """
            set -e
            {
                echo "extension PythonPackage {"
                echo "    static let template = \\"$(base64 -w 0 "$1/one_file.template")\\""
                echo "    static let modules = ["
                for module in "$1"/eigensweep/*.py; do
                    echo "        (\\"$(basename "$module" .py)\\", \\"$(base64 -w 0 "$module")\\"),"
                done
                echo "    ]"
                echo "}"
            } >"$2/Modules.new"
            cmp -s "$2/Modules.new" "$2/Modules.swift" || cp "$2/Modules.new" "$2/Modules.swift"
            rm "$2/Modules.new"
            """
        return [
            .prebuildCommand(
                displayName: "Carrying the Python package", executable: URL(fileURLWithPath: "/bin/sh"),
                arguments: ["-c", script, "sh", context.package.directoryURL.path + "/python", folder.path],
                outputFilesDirectory: folder)
        ]
    }
}
