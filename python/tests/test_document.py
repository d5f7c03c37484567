"""docs/your-own-network.md, from an empty folder: its files, its commands, its notebook."""
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from support import EXAMPLES, PACKAGE, REPOSITORY, TORCH, WITHOUT_PROGRAMS, WITHOUT_TORCH, environment, programs
import eigensweep
from eigensweep import tables

TEXT = (REPOSITORY / "docs/your-own-network.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def named(name):
    """The block that follows a line that ends with the file's name."""
    return re.search(rf"`{re.escape(name)}`:\n\n```\w+\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL).group(1)


class DocumentTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="eigensweep-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "net.py").write_text(named("net.py"))
        (self.folder / "net.yaml").write_text(named("net.yaml"))
        (self.folder / "beside.yaml").write_text(named("beside.yaml"))
        hosts = named("hosts.yaml")
        assert "/home/me/venv/bin" in hosts
        (self.folder / "hosts.yaml").write_text(hosts.replace("/home/me/venv/bin", str(Path(sys.executable).parent)))
        # `python3` of the document's commands is the Python of the test.
        tools = self.folder / "tools"
        tools.mkdir()
        (tools / "python3").symlink_to(sys.executable)
        self.environment = environment(PATH=f"{tools}:{programs()}:{os.environ['PATH']}", HOME=str(self.folder))
        # A link to the python of a virtual environment forgets whose it is.
        site = subprocess.run([sys.executable, "-c", "import numpy; print(numpy.__path__[0])"], capture_output=True, text=True)
        self.environment["PYTHONPATH"] += f":{Path(site.stdout.strip()).parent}"

    def shell(self, command):
        return subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=self.environment, capture_output=True, text=True)

    @unittest.skipUnless(TORCH, WITHOUT_TORCH)
    def test_the_network_describes_itself(self):
        done = self.shell("python3 net.py describe")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["keys"][0]["key"], "model.width")

    @unittest.skipUnless(TORCH, WITHOUT_TORCH)
    @unittest.skipUnless(programs(), WITHOUT_PROGRAMS)
    def test_every_command_runs_from_an_empty_folder(self):
        commands = [line for block in blocks("sh") for line in block.splitlines()]
        self.assertEqual(sum(line.startswith("eigensweep ") for line in commands), 6)
        for line in commands:
            # What installs needs a network, and the package's own installation has a test; the path is set already.
            if line.startswith(("pip ", "export ")):
                continue
            done = self.shell(line)
            self.assertEqual(done.returncode, 0, f"{line}\n{done.stdout}{done.stderr}")
        notebook = next(block for block in blocks("python") if block.startswith("import eigensweep"))
        (self.folder / "notebook.py").write_text(notebook)
        if importlib.util.find_spec("xarray") is None:
            self.skipTest("the notebook's part needs xarray")
        done = self.shell("python3 notebook.py")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("(64, 1, 16, 16)", done.stdout)

    def test_its_links_lead_somewhere(self):
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", TEXT):
            self.assertTrue((REPOSITORY / "docs" / link).exists(), link)

    def test_what_it_names_is_there(self):
        for name in re.findall(r"`\.(\w+)\(", TEXT):
            self.assertTrue(hasattr(eigensweep.Catalogue, name) or hasattr(tables.Table, name), name)

    def test_every_example_has_its_sweep(self):
        for script in EXAMPLES.glob("*/*.py"):
            sweep = script.with_suffix(".yaml").read_text()
            self.assertIn(f"command: [python3, {script.name}], upload: [{script.name}]", sweep)
            text = script.read_text()
            architecture = re.search(r"architecture: (\w+)", sweep).group(1)
            self.assertIn(f'architectures = "{architecture}", 1, ["{architecture}"]', text)
            declared = set(re.findall(r'Key\("([\w.]+)"', text))
            asked = set(re.findall(r"^  ((?:model|physics)\.\w+):", sweep, re.MULTILINE))
            self.assertTrue(asked and asked <= declared, asked - declared)


if __name__ == "__main__":
    unittest.main()
