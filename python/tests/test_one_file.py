"""The package as one file beside a worker, as it lies on hosts."""
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from support import PACKAGE, TINY, environment

sys.path.insert(0, str(PACKAGE))
from one_file import one_file  # noqa: E402


class OneFileTests(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="eigensweep-"))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "eigensweep.py").write_text(one_file())
        shutil.copy(TINY, self.folder)

    def python(self, *words, **more):
        kept = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
        return subprocess.run([sys.executable, *words], cwd=self.folder, env=kept, capture_output=True, text=True, **more)

    def test_a_worker_finds_it_beside_itself(self):
        done = self.python("tiny.py", "describe")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["name"], "tiny")

    def test_importing_it_needs_nothing(self):
        # -I: without the folder on the path nothing but Python's own library is there.
        done = self.python("-I", "-S", "-c", (
            "import sys; sys.path.insert(0, '.'); import eigensweep, eigensweep.contract; "
            "print(eigensweep.contract.CONTRACT, 'numpy' in sys.modules, 'torch' in sys.modules)"))
        self.assertEqual((done.stdout, done.returncode), ("2 False False\n", 0), done.stderr)

    def test_errors_show_their_lines(self):
        done = self.python("-c", (
            "import traceback\nfrom eigensweep import Key\ntry: Key('model.x', int, default='a', meaning='')\n"
            "except ValueError: traceback.print_exc()"))
        self.assertIn("eigensweep.py:keys.py", done.stderr)
        self.assertIn("raise ValueError(f\"the default", done.stderr)

    def test_every_module_is_there(self):
        done = self.python("-c", "import eigensweep, importlib\nfor name in eigensweep._MODULES - {'edm'}: "
                                 "importlib.import_module('eigensweep.' + name)\n"
                                 "from eigensweep import open, Key, Measure, Row, Refusal, Diverged, Catalogue")
        self.assertEqual(done.returncode, 0, done.stderr)


class PackageTests(unittest.TestCase):
    def test_its_list_of_modules_is_whole(self):
        import eigensweep

        found = {path.stem for path in (PACKAGE / "eigensweep").glob("*.py")} - {"__init__"}
        self.assertEqual(eigensweep._MODULES, found)

    def test_it_installs_from_the_checkout(self):
        # Offline: by the setuptools that are there, or not at all.
        folder = tempfile.mkdtemp(prefix="eigensweep-")
        self.addCleanup(shutil.rmtree, folder)
        copy = Path(folder) / "python"
        shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
        try:
            import setuptools  # noqa: F401
            import wheel  # noqa: F401
        except ImportError:
            if int(__import__("importlib.metadata").metadata.version("setuptools").split(".")[0]) < 70:
                self.skipTest("setuptools before 70 need wheel")
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "--quiet",
             "--target", f"{folder}/site", str(copy)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((Path(folder) / "site/eigensweep/worker.py").exists())


if __name__ == "__main__":
    unittest.main()
