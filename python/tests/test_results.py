"""Reading a catalogue that the programs made of a small sweep."""
import hashlib
import importlib.util
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

import numpy as np

from support import TORCH, WITHOUT_PROGRAMS, WITHOUT_TORCH, programs
import eigensweep
from eigensweep.results import SCHEMA, CatalogueError

SWEEP = """\
name: tiny
dataset: {source: geometric, resolution: 8, channels: 1, count: 400, held_out: 64}
model: {architecture: ddpmpp, scale: 4, multipliers: [1], blocks: 1, attention: []}
training: {batch: 16}
grid:
  dataset.size: [16, 64]
  training.images: [320, 640]
  seed: [0, 1]
  exclude: "dataset.size = 64 and training.images = 640 and seed = 1"
measures:
  - memorization: {samples: 8, steps: 4}
  - gaussian-distance: {samples: 8, sigmas: [0.5, 2]}
  - agreement: {across: seed, samples: 8}
"""


def has(name):
    return importlib.util.find_spec(name) is not None


def digest_of(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()
            if path.name == "catalogue.sqlite"}


@unittest.skipUnless(programs(), WITHOUT_PROGRAMS)
class ResultTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="eigensweep-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        (cls.folder / "tiny.yaml").write_text(SWEEP)

        def eigensweep(*words, status=0):
            done = subprocess.run([programs() / "eigensweep", *words], cwd=cls.folder, capture_output=True, text=True)
            assert done.returncode == status, done.stdout + done.stderr

        eigensweep("launch", "tiny.yaml")
        # Two trials that wait and two that were cancelled.
        (cls.folder / "tiny.yaml").write_text(SWEEP.replace("[16, 64]", "[16, 64, 128]"))
        eigensweep("launch", "tiny.yaml", "--max-hours", "0.0000001", status=6)
        eigensweep("cancel", "tiny", "--where", "dataset.size = 128 and seed = 1")
        cls.path = cls.folder / "results/catalogue.sqlite"
        cls.before = digest_of(cls.folder / "results")

    def setUp(self):
        self.catalogue = eigensweep.open(self.path)
        self.addCleanup(self.catalogue.close)

    def test_trials(self):
        table = self.catalogue.trials("tiny")
        self.assertEqual(table.count, 11)
        self.assertEqual(table["spec"][0]["dataset.size"], 16)
        self.assertEqual([row["steps"] for row in table.rows()][:3], [20, 20, 40])
        self.assertEqual(sorted(self.catalogue.trials()["trial_id"]), sorted(table["trial_id"]))
        self.assertEqual(table.array("dataset_size")[-1], 128)
        self.assertTrue(np.isnan(table.array("parameters")[-1]))
        self.assertIn("11 trials of the sweeps tiny", repr(self.catalogue))
        self.assertIn("<table>", table._repr_html_())

    def test_measurements(self):
        table = self.catalogue.measurements("gaussian-distance.rmse")
        self.assertEqual(table.count, 14)
        self.assertEqual(set(table["sigma"]), {0.5, 2})
        self.assertEqual(table["parameters"][0]["samples"], 8)
        self.assertEqual({name for name in self.catalogue.measurements("memorization")["quantity"]} & {"copied", "gl_score"},
                         {"copied", "gl_score"})
        self.assertEqual(len(self.catalogue.measurements("agreement.cosine")["members"][0]), 2)
        self.assertEqual(self.catalogue.measurements("memorization.copied", sweep="tiny").count, 7)
        rows = self.catalogue.sql("SELECT count(*) AS rows FROM measurements")
        self.assertEqual(rows["rows"][0], self.catalogue.measurements().count)

    def test_a_grid_has_every_value_at_its_place(self):
        grid = self.catalogue.grid("gaussian-distance.rmse", errors=True)
        self.assertIsNone(self.catalogue.grid("gaussian-distance.rmse").stderr)
        self.assertEqual(grid.dims, ("dataset.size", "seed", "training.images", "sigma"))
        self.assertEqual(grid.values.shape, (3, 2, 2, 2))
        self.assertEqual([labels.tolist() for labels in grid.coords.values()], [[16, 64, 128], [0, 1], [320, 640], [0.5, 2.0]])
        trials = {row["trial_id"]: row for row in self.catalogue.trials().rows()}
        seen = 0
        for row in self.catalogue.measurements("gaussian-distance.rmse").rows():
            trial = trials[row["trial_id"]]
            place = ([16, 64, 128].index(trial["dataset_size"]), trial["seed"], [320, 640].index(trial["images"]),
                     [0.5, 2.0].index(row["sigma"]))
            self.assertEqual((grid.values[place], grid.n[place], grid.stderr[place]), (row["value"], row["n"], row["stderr"]))
            self.assertEqual(grid.reason[place], "")
            seen += 1
        self.assertEqual(np.isfinite(grid.values).sum(), seen)
        self.assertEqual(grid.reason[1, 1, 1, 0], "no trial has these values")
        self.assertEqual({grid.reason[2, 0, k, 0] for k in (0, 1)}, {"waiting"})
        self.assertEqual({grid.reason[2, 1, k, 1] for k in (0, 1)}, {"cancelled"})

    def test_an_undefined_value_says_so(self):
        # copy_auc has no value with so few samples.
        grid = self.catalogue.grid("memorization.copy_auc", where={"dataset.size": [16, 64]})
        self.assertTrue(np.isnan(grid.values).all())
        self.assertEqual(set(grid.reason.ravel()), {"undefined: its value is no number", "no trial has these values"})

    def test_where_takes_places(self):
        grid = self.catalogue.grid("memorization.copied", where={"seed": 0, "training.images": [640]})
        self.assertEqual(grid.dims, ("dataset.size",))
        with self.assertRaisesRegex(CatalogueError, "training.batch"):
            self.catalogue.grid("memorization.copied", where={"training.size": 1})
        with self.assertRaisesRegex(CatalogueError, "no trial"):
            self.catalogue.grid("memorization.copied", where={"seed": 9})

    def test_comparisons_have_labels_of_what_differs(self):
        grid = self.catalogue.grid("agreement.cosine", where={"dataset.size": [16, 64]})
        self.assertEqual(grid.dims[:2], ("dataset.size", "training.steps"))
        self.assertEqual(np.isfinite(grid.values.reshape(2, 2, -1)).any(axis=2).tolist(), [[True, True], [True, False]])
        self.assertNotIn("seed", grid.dims)

    @unittest.skipUnless(has("xarray"), "xarray is not installed")
    def test_to_xarray(self):
        array = self.catalogue.to_xarray("gaussian-distance.rmse")
        one = array.sel({"dataset.size": 16, "training.images": 640, "seed": 1, "sigma": 2.0})
        self.assertTrue(0 < float(one) < 2)
        self.assertEqual(str(array.sel({"dataset.size": 128, "seed": 1})["reason"].values[0, 0]), "cancelled")
        self.assertEqual(array.mean("seed").dims, ("dataset.size", "training.images", "sigma"))
        self.assertEqual(array.attrs["version"], 2)
        whole = self.catalogue.to_xarray("gaussian-distance.rmse", errors=True)
        self.assertTrue((whole.n.values[np.isfinite(whole.values)] == 8).all())

    @unittest.skipUnless(has("pandas"), "pandas is not installed")
    def test_to_pandas(self):
        frame = self.catalogue.measurements("memorization.gl_score").to_pandas()
        self.assertEqual(frame.value.count(), 7)

    @unittest.skipUnless(has("polars"), "polars is not installed")
    def test_to_polars(self):
        self.assertEqual(self.catalogue.trials().to_polars().height, 11)

    @unittest.skipUnless(has("pyarrow"), "pyarrow is not installed")
    def test_to_parquet(self):
        from pyarrow import parquet

        path = self.folder / "measurements.parquet"
        table = self.catalogue.measurements("memorization.gl_score")
        table.to_parquet(path)
        read = parquet.read_table(path)
        self.assertEqual(read.column_names, list(table))
        self.assertEqual(read.column("value").to_pylist(), table["value"])
        self.assertEqual([json.loads(text) for text in read.column("parameters").to_pylist()], table["parameters"])
        self.assertEqual(list(self.folder.glob("*.partial")), [])

    def test_parquet_without_pyarrow(self):
        with unittest.mock.patch.dict(sys.modules, {"pyarrow": None}):
            with self.assertRaises(ImportError) as caught:
                self.catalogue.trials().to_parquet(self.folder / "none.parquet")
        self.assertIn("pip install pyarrow", str(caught.exception))
        self.assertFalse((self.folder / "none.parquet").exists())

    def test_trials_are_found_by_prefix(self):
        names = self.catalogue.trials()["trial_id"]
        self.assertEqual(self.catalogue.trial(names[0]), names[0])
        self.assertEqual(self.catalogue.trial(self.catalogue.trials().row(1)), names[1])
        short = next(n for n in range(1, 65) if sum(name.startswith(names[0][:n]) for name in names) == 1)
        self.assertEqual(self.catalogue.trial(names[0][:short]), names[0])
        # Of eleven IDs two begin with the same of sixteen digits, or the test has no case.
        digits = [name[0] for name in names]
        twice = next((digit for digit in digits if digits.count(digit) > 1), None)
        if twice:
            with self.assertRaises(CatalogueError) as caught:
                self.catalogue.trial(twice)
            for name in names:
                self.assertEqual(name[:12] in str(caught.exception), name.startswith(twice))
        for wrong in ("", "xyz", "0" * 64, "A"):
            with self.assertRaises(CatalogueError):
                self.catalogue.trial(wrong)

    def test_samples_and_artifacts(self):
        trial = self.catalogue.trials("tiny")["trial_id"][0]
        samples = self.catalogue.samples(trial[:20])
        self.assertEqual((samples.shape, samples.dtype), ((8, 1, 8, 8), np.float32))
        self.assertTrue(self.catalogue.artifact(trial, "neighbours.png").startswith(b"\x89PNG"))
        with self.assertRaisesRegex(CatalogueError, "neighbours.png of memorization"):
            self.catalogue.artifact(trial, "nothing.png")

    def test_checkpoints(self):
        trial = self.catalogue.trials("tiny").row(0)
        weights = self.catalogue.checkpoint(trial, kind="numpy")
        trained = [array for name, array in weights.items() if not name.endswith("resample_filter")]
        self.assertEqual(sum(array.size for array in trained), trial["parameters"])
        with self.assertRaisesRegex(CatalogueError, "no checkpoint"):
            self.catalogue.checkpoint(self.catalogue.trials("tiny")["trial_id"][-1])

    @unittest.skipUnless(TORCH, WITHOUT_TORCH)
    def test_checkpoints_are_tensors(self):
        import torch

        weights = self.catalogue.checkpoint(self.catalogue.trials("tiny").row(0))
        self.assertTrue(all(isinstance(value, torch.Tensor) for value in weights.values()))

    def test_a_damaged_file_of_the_store_is_told(self):
        folder = Path(tempfile.mkdtemp(prefix="eigensweep-", dir=self.folder))
        shutil.copy(self.path, folder)
        with eigensweep.open(folder / "catalogue.sqlite") as copy:
            trial = copy.trials("tiny")["trial_id"][0]
            with self.assertRaisesRegex(CatalogueError, "No such file"):
                copy.samples(trial)
            digest = copy.sql("SELECT digest FROM artifacts WHERE name = 'samples.safetensors' AND trial_id = ?", [trial])
            place = folder / "store" / digest["digest"][0][:2] / digest["digest"][0]
            place.parent.mkdir(parents=True)
            place.write_bytes(b"other")
            with self.assertRaisesRegex(CatalogueError, "damaged"):
                copy.samples(trial)

    def test_names_that_nothing_has(self):
        for name, words in (("memorization.copid", "memorization.copied"), ("foo.bar", "memorization.…"),
                            ("memorization", "memorization.copied")):
            with self.assertRaises(CatalogueError) as caught:
                self.catalogue.grid(name)
            self.assertIn(words, str(caught.exception))
        for ask in (self.catalogue.trials, lambda sweep: self.catalogue.grid("memorization.copied", sweep)):
            with self.assertRaisesRegex(CatalogueError, "there are tiny"):
                ask("other")
        with self.assertRaisesRegex(CatalogueError, "version 9"):
            self.catalogue.grid("memorization.copied", version=9)

    def test_it_never_writes(self):
        for text in ("DELETE FROM trial", "CREATE TABLE x (y)", "PRAGMA user_version = 99"):
            with self.assertRaises((CatalogueError, sqlite3.Error)):
                self.catalogue.sql(text)
        self.catalogue.grid("memorization.copied")
        self.assertEqual(digest_of(self.folder / "results"), self.before)

    def test_a_folder_that_cannot_be_written(self):
        folder = Path(tempfile.mkdtemp(prefix="eigensweep-", dir=self.folder))
        shutil.copy(self.path, folder)
        place = folder / "catalogue.sqlite"
        place.chmod(0o444)
        folder.chmod(0o555)
        self.addCleanup(folder.chmod, 0o755)
        with eigensweep.open(place) as copy:
            self.assertEqual(copy.trials().count, 11)
        if os.access(folder, os.W_OK):
            # root may write anywhere, so nothing was asked of the other way of opening.
            from eigensweep import results
            from unittest import mock
            with mock.patch.object(results.os, "access", lambda *_: False), eigensweep.open(place) as copy:
                self.assertEqual(copy.trials().count, 11)


class WrongFileTests(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="eigensweep-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def refused(self, words, **pragmas):
        place = self.folder / "x.sqlite"
        if pragmas:
            db = sqlite3.connect(place)
            for name, value in pragmas.items():
                db.execute(f"PRAGMA {name} = {value}")
            db.execute("CREATE TABLE t (x)")
            db.commit()
            db.close()
        with self.assertRaisesRegex(CatalogueError, words):
            eigensweep.open(place)

    def test_a_file_that_is_none(self):
        self.refused("No such file")
        self.assertEqual(list(self.folder.iterdir()), [])
        for content, words in ((b"", "empty"), (b"hello", "not a catalogue"), (b"SQLite format 3\0abc", "cut off")):
            (self.folder / "x.sqlite").write_bytes(content)
            self.refused(words)
            self.assertEqual([path.name for path in self.folder.iterdir()], ["x.sqlite"])

    def test_another_programs_database(self):
        self.refused("another program", user_version=3)

    def test_a_later_schema(self):
        self.refused(f"later eigensweep .schema {SCHEMA + 1}", application_id=0x45537770, user_version=SCHEMA + 1)


if __name__ == "__main__":
    unittest.main()
