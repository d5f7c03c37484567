"""Which images are for training: the same as eigensweep-worker's."""
import csv
import hashlib
import io
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np

from support import WITHOUT_PROGRAMS, programs
from eigensweep import Refusal, subsets

#: The dataset that Tests/DatasetsTests/DatasetSplitTests.swift pins the order of.
PINNED = {"dataset.digest": hashlib.sha256(bytes([7])).hexdigest(), "dataset.subset_seed": 0, "dataset.held_out": 3,
          "dataset.size": 7, "dataset.part": {"index": 0, "of": 1}}


def spec(**changes):
    return {**PINNED, **{name.replace("__", "."): value for name, value in changes.items()}}


class GoldenTests(unittest.TestCase):
    def test_the_order_is_that_of_the_program(self):
        training, held_out = subsets.split(spec(), 10)
        self.assertEqual(held_out.tolist(), [9, 1, 5])
        self.assertEqual(training.tolist(), [3, 0, 8, 7, 4, 2, 6])

    def test_samples_have_the_key_that_the_program_gives_them(self):
        samples = {"trial": "0a" * 32, "version": 1, "count": 10, "seed": 0, "sampler": "heun", "steps": 18}
        self.assertEqual(
            subsets.dataset_key({"dataset.samples": samples}),
            'samples:{"count":10,"sampler":"heun","seed":0,"steps":18,"trial":"%s","version":1}' % ("0a" * 32))

    def test_philox_is_that_of_its_authors(self):
        # Known answers of Random123: counter and key of zeros, of ones, and the digits of π.
        cases = [
            (0, 0, 0, 0, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
            (2**64 - 1, 2**64 - 1, 2**32 - 1, 2**32 - 1, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
            (0x299F31D0A4093822, 0x85A308D3243F6A88, 0x13198A2E, 0x03707344, "d16cfe09 94fdcceb 5001e420 24126ea1")]
        for key, counter, sub, purpose, words in cases:
            found = subsets.philox(key, np.array([counter], np.uint64), sub, purpose)[0]
            self.assertEqual(" ".join(f"{int(word):08x}" for word in found), words)

    def test_parts_are_disjoint_and_sizes_nested(self):
        seen = []
        for index in range(3):
            change = dict(dataset__part={"index": index, "of": 3}, dataset__held_out=10)
            large, held_out = subsets.split(spec(**change, dataset__size=30), 100)
            small, _ = subsets.split(spec(**change, dataset__size=4), 100)
            self.assertEqual(small.tolist(), large[:4].tolist())
            seen += large.tolist() + (held_out.tolist() if index == 0 else [])
        self.assertEqual(sorted(seen), list(range(100)))

    def test_given_roles(self):
        given = spec(dataset__split="given", dataset__size=4, dataset__held_out=2)
        training, held_out = subsets.split(given, 10, pool=6)
        order = [9, 1, 5, 3, 0, 8, 7, 4, 2, 6]
        self.assertEqual(training.tolist(), [1, 5, 3, 0])
        self.assertEqual(held_out.tolist(), [i for i in order if i >= 6][:2])
        for wrong, pool in ((given, None), (spec(), 6)):
            with self.assertRaises(Refusal):
                subsets.split(wrong, 10, pool=pool)

    def test_by_the_source(self):
        whole, _ = subsets.split(spec(dataset__order="source", dataset__held_out=0, dataset__size=10), 10)
        numbers = np.array([0, 1, 3, 4, 5, 7, 8, 9])
        fewer, _ = subsets.split(
            spec(dataset__order="source", dataset__held_out=0, dataset__size=8), 8, found=10, numbers=numbers)
        self.assertEqual(numbers[fewer].tolist(), [i for i in whole.tolist() if i in numbers])

    def test_too_few(self):
        for change in (dict(dataset__size=8), dict(dataset__size=0), dict(dataset__part={"index": 2, "of": 2}),
                       dict(dataset__size=4, dataset__part={"index": 0, "of": 2})):
            with self.assertRaises(Refusal):
                subsets.split(spec(**change), 10)

    def test_keys_of_generators(self):
        fields = {"dataset.generator": "geometric", "dataset.generator_version": 1, "dataset.count": 64,
                  "dataset.resolution": 16, "dataset.channels": 1}
        text = "generator:geometric/1;alpha=3;channels=1;count=64;resolution=16"
        self.assertEqual(subsets.dataset_key({**fields, "dataset.alpha": 3}), text)
        self.assertEqual(subsets.dataset_key({**fields, "dataset.alpha": 3.0}), text)
        self.assertNotEqual(subsets.dataset_key({**fields, "dataset.alpha": 2.5}), text)

    def test_every_epoch_meets_every_image_once(self):
        order = subsets.BatchOrder(7, seed=3, part=(0, 1), flip=False)
        met = np.concatenate([order.batch(first, 5)[0] for first in range(0, 70, 5)]).reshape(10, 7)
        self.assertTrue((np.sort(met, axis=1) == np.arange(7)).all())
        self.assertGreater(len({tuple(epoch) for epoch in met.tolist()}), 5)
        again = subsets.BatchOrder(7, seed=3, part=(0, 1), flip=False).batch(30, 5)[0]
        self.assertEqual(again.tolist(), met.reshape(-1)[30:35].tolist())
        mirrored = subsets.BatchOrder(7, seed=3, part=(0, 1), flip=True).batch(0, 1000)[1]
        self.assertTrue(400 < mirrored.sum() < 600)


@unittest.skipUnless(programs(), WITHOUT_PROGRAMS)
class ProgramTests(unittest.TestCase):
    def test_eigensweep_split_says_the_same(self):
        for order in ("prepared", "source"):
            with tempfile.TemporaryDirectory() as folder:
                sweep = Path(folder) / "parts.yaml"
                sweep.write_text(
                    "name: parts\n"
                    f"dataset: {{source: disks, resolution: 8, channels: 1, count: 90, held_out: 11, order: {order}}}\n"
                    "model: {architecture: linear}\ntraining: {steps: 1}\n"
                    "grid: {dataset.size: [5, 20], dataset.part: [0/3, 1/3, 2/3], dataset.subset_seed: [0, 7]}\n")
                text = subprocess.run(
                    [programs() / "eigensweep", "split", sweep, "--format", "csv"], check=True, capture_output=True,
                    text=True, cwd=folder).stdout
            rows = list(csv.DictReader(io.StringIO(text)))
            self.assertEqual(len(rows), 180)
            for seed in (0, 7):
                for index in range(3):
                    training, held_out = subsets.split({
                        "dataset.generator": "disks", "dataset.generator_version": 1, "dataset.count": 90,
                        "dataset.resolution": 8, "dataset.channels": 1, "dataset.order": order, "dataset.held_out": 11,
                        "dataset.subset_seed": seed, "dataset.size": 20, "dataset.part": {"index": index, "of": 3}}, 90)
                    told = {role: {
                        (int(row["image"].rsplit(" ", 1)[1]), row["size"]) for row in rows
                        if row["subset_seed"] == str(seed) and row["role"] == role
                        and row["part"] in ("", f"{index}/3")} for role in ("training", "held out")}
                    self.assertEqual({image for image, _ in told["held out"]}, set(held_out.tolist()))
                    self.assertEqual({image for image, size in told["training"] if size == "5"}, set(training[:5].tolist()))
                    self.assertEqual({image for image, _ in told["training"]}, set(training.tolist()))


if __name__ == "__main__":
    unittest.main()
