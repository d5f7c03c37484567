"""The examples on coordinates and of flows: they train, resume, measure, and show what they are there to show; and the map."""
import importlib.util
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

from support import (
    EXAMPLES, TORCH, WITHOUT_PROGRAMS, WITHOUT_TORCH, Run, Sandbox, Serving, environment, milestones, programs)
import eigensweep
from eigensweep import files

FLOW, FIELD = EXAMPLES / "flow/flow.py", EXAMPLES / "coordinates/field.py"


def measured(events):
    event, = (event for event in events if event["event"] == "measure")
    return event


class FlowTests(unittest.TestCase):
    def make(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "flows.npy"
            subprocess.run([sys.executable, str(FLOW), "make", str(path)], env=environment(), check=True)
            return np.load(path)

    def test_its_flows_have_no_divergence(self):
        flows = self.make()
        self.assertEqual((flows.shape, flows.dtype), ((4096, 3, 16, 16), np.float32))
        self.assertLessEqual(np.abs(flows).max(), 1)
        self.assertGreater(flows[:, :2].std(), 0.05)
        du = (np.roll(flows[:, 0], -1, -1) - np.roll(flows[:, 0], 1, -1)) / 2
        dv = (np.roll(flows[:, 1], -1, -2) - np.roll(flows[:, 1], 1, -2)) / 2
        self.assertLess(np.abs(du + dv).max(), 1e-6)
        self.assertGreater(np.abs(du).max(), 0.05)
        self.assertEqual(len(np.unique(flows.reshape(4096, -1), axis=0)), 4096)

    @unittest.skipUnless(TORCH, WITHOUT_TORCH)
    def test_the_penalty_lowers_what_it_is_a_penalty_on(self):
        sandbox = Sandbox(self)
        sandbox.dataset, sandbox.shape = sandbox.keep(files.encode({"images": self.make()[:300]})), (300, 3, 16, 16)
        found = {}
        for weight in (0, 10):
            spec = sandbox.spec(
                "flow", {"model.width": 12, "model.depth": 2, "physics.weight": weight}, dataset__size=256,
                training__batch=32, training__learning_rate=0.005)
            run = Run(sandbox, sandbox.train(250, spec=spec), FLOW)
            checkpoint = run.adopt(milestones(run.finish())[0]["weights"])
            job = sandbox.job({"measure": {"trial": "5d02", "steps": 250, "checkpoint": checkpoint, "measures": [
                {"measure": "divergence", "version": 1, "parameters": {"samples": 32, "steps": 9, "seed": 0}}]}}, spec)
            rows = {row["quantity"]: row["value"] for row in measured(Run(sandbox, job, FLOW).finish())["rows"]}
            self.assertLess(rows["residual_training"], 1e-5)
            found[weight] = rows["residual"]
        self.assertLess(found[10], 0.8 * found[0], found)


@unittest.skipUnless(TORCH, WITHOUT_TORCH)
class FieldTests(unittest.TestCase):
    def test_twice_the_pixels_are_the_same_image(self):
        sandbox = Sandbox(self, shape=(80, 1, 16, 16))
        # Smooth images, for what a field can learn in a few steps.
        line = np.linspace(0, np.pi, 16)
        draws = np.random.default_rng(0)
        images = np.stack([
            np.sin(line[:, None] * a + b) * np.sin(line[None] * c + d) for a, b, c, d in draws.uniform(0, 3, (80, 4))])
        sandbox.dataset = sandbox.keep(files.encode({"images": images[:, None].astype(np.float32)}))
        spec = sandbox.spec(
            "field", {"model.code": 16, "model.width": 32, "model.waves": 8}, dataset__size=64, training__batch=32,
            training__preconditioning="none", training__learning_rate=0.002)
        run = Run(sandbox, sandbox.train(150, 300, spec=spec), FIELD)
        first, last = milestones(run.finish())
        resume = {"steps": 150, "state": run.adopt(first["state"])}
        again = Run(sandbox, sandbox.train(300, spec=spec, resume=resume), FIELD)
        self.assertEqual(milestones(again.finish())[0]["weights"]["digest"], last["weights"]["digest"])
        checkpoint = run.adopt(last["weights"])
        job = sandbox.job({"measure": {"trial": "5d02", "steps": 300, "checkpoint": checkpoint, "measures": [
            {"measure": "resolutions", "version": 1,
             "parameters": {"samples": 8, "steps": 9, "factor": 3, "seed": 0}}]}}, spec)
        taken = Run(sandbox, job, FIELD)
        event = measured(taken.finish())
        rows = {row["quantity"]: row["value"] for row in event["rows"]}
        self.assertLess(rows["averaged_rmse"], 0.5 * rows["shuffled_rmse"], rows)
        fine = next(one["file"]["path"] for one in event["artifacts"] if one["name"] == "fine.safetensors")
        tensors, _ = files.decode((taken.folder / fine).read_bytes())
        self.assertEqual(tensors["samples"].shape, (8, 1, 48, 48))
        child = Serving(sandbox, [{"spec": spec, "checkpoint": checkpoint}], FIELD)
        answer = child.ask(1, 0, np.full(3, 0.2), images[:3, None].astype(np.float32))
        self.assertLess(np.abs(answer - images[:3, None]).mean(), 0.3)
        self.assertEqual(child.end(), 0)


class MapTests(unittest.TestCase):
    SWEEP = """\
name: {name}
dataset: {{source: geometric, resolution: 8, channels: 1, count: 400, held_out: 64}}
model: {{architecture: ddpmpp, scale: {scale}, multipliers: [1], blocks: 1, attention: []}}
training: {{batch: 16}}
grid:
  dataset.size: [4, 64]
  training.images: [320, 640]
measures: [memorization: {{samples: 8, steps: 4}}]
"""

    @unittest.skipUnless(programs(), WITHOUT_PROGRAMS)
    def test_it_draws_two_sweeps_side_by_side(self):
        missing = [name for name in ("matplotlib", "xarray") if importlib.util.find_spec(name) is None]
        if missing:
            self.skipTest(f"map.py imports {' and '.join(missing)}: pip install matplotlib xarray")
        with tempfile.TemporaryDirectory(prefix="eigensweep-") as folder:
            for name, scale in (("left", 4), ("right", 8)):
                (Path(folder) / f"{name}.yaml").write_text(self.SWEEP.format(name=name, scale=scale))
                subprocess.run([programs() / "eigensweep", "launch", f"{name}.yaml"], cwd=folder, check=True, capture_output=True)
            done = subprocess.run(
                [sys.executable, EXAMPLES / "map.py", "results/catalogue.sqlite", "left", "right", "map.svg"], cwd=folder,
                env=environment(), capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            # Matplotlib draws text as paths and says in comments what they are.
            drawn = re.findall(r"<!-- (.*?) -->", (Path(folder) / "map.svg").read_text())
            with eigensweep.open(Path(folder) / "results/catalogue.sqlite") as catalogue:
                wanted = [f"{value:.2f}" for sweep in ("left", "right")
                          for value in catalogue.measurements("memorization.copied", sweep=sweep)["value"]]
        self.assertEqual(len(wanted), 8)
        cells = [text for text in drawn if re.fullmatch(r"\d\.\d\d", text)]
        self.assertEqual(sorted(cells), sorted(wanted))
        for text in ("left", "right", "training images N", "images seen in training", "64", "640"):
            self.assertIn(text, drawn)


if __name__ == "__main__":
    unittest.main()
