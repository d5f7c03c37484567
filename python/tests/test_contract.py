"""What any worker of the package does (docs/job-contract.md), by one without PyTorch."""
import json
import random
import resource
import signal
import struct
import subprocess
import sys
import time
import unittest

import numpy as np

from support import TINY, Run, Sandbox, Serving, checkpoints, environment, milestones
from eigensweep import files


def resume_of(run, event):
    return {"steps": event["steps"], "state": run.adopt(event["state"])}


class DescribeTests(unittest.TestCase):
    def describe(self, *arguments):
        return json.loads(subprocess.run(
            [sys.executable, str(TINY), *arguments, "describe"], env=environment(), check=True, capture_output=True).stdout)

    def test_it_declares_its_keys(self):
        facts = self.describe()
        self.assertEqual((facts["contract"], facts["name"], facts["deterministic"]), (2, "tiny", False))
        self.assertEqual(facts["keys"][0], {
            "key": "model.rank", "kind": "integer", "least": 1, "most": 8, "default": 2, "meaning": "does nothing"})
        self.assertIn("training.batch", facts["reads"])
        self.assertNotIn("training.augment", facts["reads"])
        self.assertEqual(facts["denoise"], {"derivative": True})
        self.assertEqual(facts["jobKinds"], ["train", "measure"])
        self.assertEqual(facts["measures"], [{"measure": "brightness", "version": 1, "parameters": {"samples": 8}}])

    def test_an_older_coordinator_is_told_nothing_that_it_does_not_know(self):
        facts = self.describe("--contract", "1")
        self.assertEqual(facts["contract"], 1)
        self.assertFalse({"keys", "reads", "images", "denoise"} & set(facts))

    def test_a_wrong_command_line_is_refused(self):
        for words in ([], ["walk"], ["run", "--job"], ["describe", "more"]):
            self.assertEqual(subprocess.run(
                [sys.executable, str(TINY), *words], env=environment(), stderr=subprocess.DEVNULL).returncode, 64)


class TrainingTests(unittest.TestCase):
    def setUp(self):
        self.sandbox = Sandbox(self)

    def test_it_leaves_weights_and_state_at_every_milestone(self):
        run = Run(self.sandbox, self.sandbox.train(3, 6))
        events = run.finish()
        self.assertEqual(events[0]["event"], "started")
        self.assertEqual((events[0]["contract"], events[0]["worker"], events[0]["numerics"]), (2, "tiny", 1))
        self.assertEqual(events[-1], {"event": "finished"})
        self.assertEqual([event["steps"] for event in milestones(events)], [3, 6])
        for event in milestones(events):
            run.adopt(event["weights"]), run.adopt(event["state"])
            self.assertEqual(event["parameters"], 128)
        self.assertEqual([step for step, _ in milestones(events)[1]["losses"]], [1, 2, 3, 4, 5, 6])
        self.assertEqual([path.name for path in run.folder.iterdir() if "partial" in path.name], [])

    def test_what_prints_goes_to_people(self):
        run = Run(self.sandbox, self.sandbox.train(2))
        self.assertEqual({event["event"] for event in run.finish()}, {"started", "checkpoint", "finished"})
        self.assertIn("must not come between", run.errors)

    def test_milestones_and_resuming_change_no_bit(self):
        whole = Run(self.sandbox, self.sandbox.train(7))
        expected = milestones(whole.finish())[0]
        parts = Run(self.sandbox, self.sandbox.train(2, 5))
        first = milestones(parts.finish())
        for event in first:
            rest = Run(self.sandbox, self.sandbox.train(7, resume=resume_of(parts, event)))
            last = milestones(rest.finish())[0]
            self.assertEqual(last["weights"]["digest"], expected["weights"]["digest"])
            self.assertEqual(last["state"]["digest"], expected["state"]["digest"])

    def test_sigterm_at_any_moment_loses_nothing(self):
        spec = self.sandbox.spec(training__pause=0.004)
        expected = milestones(Run(self.sandbox, self.sandbox.train(60, spec=spec)).finish())[0]
        chance = random.Random(4)
        for _ in range(4):
            resume, pauses = None, 0
            while True:
                run = Run(self.sandbox, self.sandbox.train(60, seconds=chance.choice([0.02, 300]), spec=spec, resume=resume))
                run.wait_for("started")
                if pauses < 4:
                    time.sleep(chance.uniform(0, 0.12))
                    run.process.send_signal(signal.SIGTERM)
                events = run.finish()
                if events[-1]["event"] == "finished":
                    break
                self.assertEqual(events[-1]["event"], "paused")
                last = checkpoints(events)[-1]
                self.assertEqual((last["steps"], last["milestone"]), (events[-1]["steps"], False))
                self.assertIsNone(last["weights"])
                resume, pauses = resume_of(run, last), pauses + 1
            self.assertEqual(milestones(events)[0]["weights"]["digest"], expected["weights"]["digest"])
            self.assertEqual(milestones(events)[0]["state"]["digest"], expected["state"]["digest"])

    def test_sigkill_leaves_whole_lines_and_whole_files(self):
        chance = random.Random(5)
        for _ in range(5):
            spec = self.sandbox.spec(training__pause=0.001)
            run = Run(self.sandbox, self.sandbox.train(100_000, seconds=0.01, spec=spec))
            run.wait_for("checkpoint")
            time.sleep(chance.uniform(0, 0.1))
            run.process.kill()
            run.process.wait()
            self.assertEqual(run.spool.read_bytes()[-1:], b"\n")
            for event in checkpoints(run.events):
                run.adopt(event["state"])

    def test_recovery_points_come_after_their_time(self):
        spec = self.sandbox.spec(training__pause=0.01)
        began = time.monotonic()
        events = Run(self.sandbox, self.sandbox.train(40, seconds=0.1, spec=spec)).finish()
        most = (time.monotonic() - began) / 0.1
        points = [event for event in checkpoints(events) if not event["milestone"]]
        self.assertTrue(2 <= len(points) <= most, points)

    def test_progress_comes_about_once_a_second(self):
        spec = self.sandbox.spec(training__pause=0.05)
        began = time.monotonic()
        events = Run(self.sandbox, self.sandbox.train(50, spec=spec)).finish()
        most = time.monotonic() - began + 1
        progress = [event for event in events if event["event"] == "progress"]
        self.assertTrue(1 <= len(progress) <= most, progress)
        self.assertEqual((progress[0]["of"], progress[0]["unit"]), (50, "steps"))
        self.assertTrue(0 < progress[0]["rate"] < 21 and progress[0]["loss"] > 0, progress)

    def test_divergence_keeps_the_last_sound_step(self):
        kind, message = Run(self.sandbox, self.sandbox.train(9, spec=self.sandbox.spec(training__break_at=1))).failure()
        self.assertEqual(kind, "diverged")
        self.assertIn("no checkpoint yet", message)
        run = Run(self.sandbox, self.sandbox.train(9, spec=self.sandbox.spec(training__break_at=5)))
        kind, message = run.failure()
        self.assertEqual(kind, "diverged")
        self.assertIn("step 5", message)
        self.assertIn("the last checkpoint is of step 4", message)
        self.assertEqual([event["steps"] for event in checkpoints(run.events)], [4])
        spec = self.sandbox.spec(training__break_at=5)
        self.assertEqual(
            [event["steps"] for event in checkpoints(_failed(Run(self.sandbox, self.sandbox.train(2, 9, spec=spec))))], [2])

    def test_weights_that_are_not_finite_are_no_milestone(self):
        kind, message = Run(
            self.sandbox, self.sandbox.train(400, spec=self.sandbox.spec(training__learning_rate=900.0))).failure()
        self.assertEqual(kind, "diverged", message)

    def test_it_speaks_contract_1_with_the_defaults_of_its_keys(self):
        old = Run(self.sandbox, self.sandbox.train(3, spec=self.sandbox.spec(own={}), contract=1))
        events = old.finish()
        self.assertEqual(events[0]["contract"], 1)
        new = milestones(Run(self.sandbox, self.sandbox.train(3)).finish())
        self.assertEqual(milestones(events)[0]["weights"]["digest"], new[0]["weights"]["digest"])

    def test_float_datasets_train_as_bytes_do(self):
        other = Sandbox(self, kind=np.float32)
        digests = []
        for sandbox in (self.sandbox, other):
            spec = sandbox.spec(dataset__digest=None, dataset__generator="geometric", dataset__generator_version=1)
            digests.append(milestones(Run(sandbox, sandbox.train(3, spec=spec)).finish())[0]["weights"]["digest"])
        self.assertEqual(*digests)


def _failed(run):
    run.failure()
    return run.events


class RefusalTests(unittest.TestCase):
    def setUp(self):
        self.sandbox = Sandbox(self)

    def refused(self, *words, kind="unsupported", **changes):
        found, message = Run(self.sandbox, self.sandbox.train(2, spec=self.sandbox.spec(**changes))).failure()
        self.assertEqual(found, kind, message)
        for word in words:
            self.assertIn(word, message)

    def test_keys_are_refused_by_name(self):
        self.refused("dataset.crop", dataset__crop=3)
        self.refused("model.ranks", model__ranks=3)
        self.refused("model.rank", "at least 1", "at most 8", model__rank=9)
        self.refused("model.rank", model__rank=None)
        self.refused("model.rank", model__rank=2.5)
        self.refused("model.rank", model__rank=True)
        self.refused("seed", seed=None)

    def test_what_it_does_not_honour_must_have_its_default(self):
        self.refused("training.augment", training__augment=0.1)
        self.refused("model.scale", model__scale=8)
        self.refused("training.bank_copies", training__bank_copies=2)
        self.refused("model.architecture", "tiny", model__architecture="ddpmpp")

    def test_what_made_the_dataset_is_no_matter_of_the_worker(self):
        # A spec has these where a sweep asks for them: the dataset is what they made of it.
        made = {"dataset__shuffle": True, "dataset__deduplicate": True, "dataset__skip_unreadable": True}
        run = Run(self.sandbox, self.sandbox.train(2, spec=self.sandbox.spec(**made)))
        self.assertEqual(run.finish()[-1]["event"], "finished")

    def test_trained_elsewhere_is_never_trained(self):
        self.refused("model.weights", model__weights="ab" * 32)
        self.refused("trained elsewhere", dataset__split="unknown")

    def test_too_few_images(self):
        self.refused("too few", dataset__size=17)
        self.refused("too few", dataset__size=9, dataset__part={"index": 1, "of": 2})
        self.refused("dataset.resolution", dataset__resolution=16)

    def test_other_contracts_and_what_is_no_job(self):
        kind, message = Run(self.sandbox, self.sandbox.train(2, contract=99)).failure()
        self.assertEqual(kind, "unsupported")
        self.assertIn("99", message)
        for text in ("", "{", "[]", "{}", '{"contract": 2}'):
            self.assertEqual(Run(self.sandbox, text).failure()[0], "unsupported")
        self.assertEqual(Run(self.sandbox, self.sandbox.job({"dance": {}})).failure()[0], "unsupported")
        for milestones in ([], [3, 3], [0]):
            self.assertEqual(Run(self.sandbox, self.sandbox.train(*milestones)).failure()[0], "unsupported")

    def test_a_job_that_cannot_be_read_is_the_hosts_fault(self):
        Run(self.sandbox, "", arguments=("run", "--job", "/nowhere")).finish(75)


class FaultTests(unittest.TestCase):
    def setUp(self):
        self.sandbox = Sandbox(self)

    def test_missing_and_damaged_inputs(self):
        place = self.sandbox.store / self.sandbox.dataset[:2] / self.sandbox.dataset
        data = place.read_bytes()
        for damage in (data[:-1], data[:30], b"", data[:200] + bytes([data[200] ^ 1]) + data[201:]):
            place.write_bytes(damage)
            kind, message = Run(self.sandbox, self.sandbox.train(2)).failure()
            self.assertEqual(kind, "missing-input", message)
            self.assertIn(self.sandbox.dataset[:12], message)
        place.unlink()
        self.assertEqual(Run(self.sandbox, self.sandbox.train(2)).failure()[0], "missing-input")

    def test_a_dataset_that_is_none(self):
        for content in (b"x", files.encode({"pictures": np.zeros(3)}), files.encode({"images": np.zeros((2, 1, 8), np.uint8)})):
            self.sandbox.dataset = self.sandbox.keep(content)
            kind, message = Run(self.sandbox, self.sandbox.train(2)).failure()
            self.assertEqual(kind, "missing-input", message)

    def test_damaged_and_strange_states(self):
        run = Run(self.sandbox, self.sandbox.train(3))
        event = milestones(run.finish())[0]
        good = resume_of(run, event)
        place = self.sandbox.store / good["state"][:2] / good["state"]
        data = place.read_bytes()
        cases = [
            ({"steps": 2, "state": good["state"]}, {}), ({"steps": 3, "state": self.sandbox.keep(data[:-8])}, {}),
            ({"steps": 3, "state": self.sandbox.keep(files.encode({"a": np.zeros(2)}))}, {}), (good, {"seed": 4}),
            ({"steps": 3, "state": run.adopt(event["weights"])}, {}), ({"steps": 3, "state": "ab" * 32}, {})]
        for resume, changes in cases:
            kind, message = Run(
                self.sandbox, self.sandbox.train(9, resume=resume, spec=self.sandbox.spec(**changes))).failure()
            self.assertEqual(kind, "missing-input", message)
        self.assertIn("seed", Run(
            self.sandbox, self.sandbox.train(9, resume=good, spec=self.sandbox.spec(seed=4))).failure()[1])
        place.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        self.assertEqual(Run(self.sandbox, self.sandbox.train(9, resume=good)).failure()[0], "missing-input")

    def test_a_full_disk_is_no_space(self):
        def little():
            resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))

        run = Run(self.sandbox, self.sandbox.train(3), before=little)
        kind, message = run.failure()
        self.assertEqual(kind, "no-space", message)
        self.assertEqual([path.name for path in run.folder.iterdir() if "safetensors" in path.name], [])

    def test_events_that_cannot_be_written_are_the_hosts_fault(self):
        Run(self.sandbox, self.sandbox.train(3), output="/dev/full").finish(75)

    def test_half_an_event_is_taken_back(self):
        # The spool may grow to the first checkpoint's event and a little beyond.
        whole = Run(self.sandbox, self.sandbox.train(2, 4, 6))
        lengths = [len(line) + 1 for line in (whole.finish() and whole.spool.read_bytes().split(b"\n")[:-1])]
        limit = 3 * (sum(lengths[:2]) + 40)

        def little():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        run = Run(self.sandbox, self.sandbox.train(*range(1, 60)), before=little)
        run.process.wait(60)
        self.assertIn(run.process.returncode, (1, 75))
        text = run.spool.read_bytes()
        self.assertTrue(text.endswith(b"\n") and len(text) <= limit)
        for event in run.events:
            self.assertIn(event["event"], ("started", "checkpoint", "failed"))


class MeasureTests(unittest.TestCase):
    def setUp(self):
        self.sandbox = Sandbox(self)
        run = Run(self.sandbox, self.sandbox.train(2))
        self.checkpoint = run.adopt(milestones(run.finish())[0]["weights"])

    def measure(self, *samples):
        return self.sandbox.job({"measure": {
            "trial": "5d02", "steps": 2, "checkpoint": self.checkpoint,
            "measures": [{"measure": "brightness", "version": 1, "parameters": {"samples": count}} for count in samples]}})

    def test_it_measures_with_rows_and_artifacts(self):
        job = self.measure(8, 2000, 4)
        run = Run(self.sandbox, job)
        events = run.finish()
        self.assertEqual([event["event"] for event in events], ["started", "measure", "measure", "measure", "finished"])
        for event, request in zip(events[1:], job["task"]["measure"]["measures"]):
            self.assertEqual((event["trial"], event["checkpoint"], event["request"]), ("5d02", self.checkpoint, request))
        first, none, last = events[1:4]
        self.assertEqual(first["rows"][1], {"quantity": "undefined", "sigma": 0.5, "position": 3})
        self.assertEqual((none["rows"], none["failure"]), ([], "that many are too many"))
        artifact, = first["artifacts"]
        self.assertEqual(artifact["name"], "samples.safetensors")
        run.adopt(artifact["file"])
        tensors, _ = files.decode((run.folder / artifact["file"]["path"]).read_bytes())
        self.assertAlmostEqual(float(tensors["samples"].mean()), first["rows"][0]["value"], places=5)
        self.assertEqual(last["rows"][0]["n"], 4)

    def test_it_refuses_measures_that_it_does_not_have(self):
        for change in ({"measure": "memorization"}, {"version": 2}, {"parameters": {"sample": 8}}):
            job = self.measure(8)
            job["task"]["measure"]["measures"][0].update(change)
            self.assertEqual(Run(self.sandbox, job).failure()[0], "unsupported")

    def test_a_damaged_checkpoint_is_missing_input(self):
        (self.sandbox.store / self.checkpoint[:2] / self.checkpoint).write_bytes(b"other")
        self.assertEqual(Run(self.sandbox, self.measure(8)).failure()[0], "missing-input")


class DenoiseTests(unittest.TestCase):
    def setUp(self):
        self.sandbox = Sandbox(self)
        run = Run(self.sandbox, self.sandbox.train(2))
        self.checkpoint = run.adopt(milestones(run.finish())[0]["weights"])
        self.weights, _ = files.decode((self.sandbox.store / self.checkpoint[:2] / self.checkpoint).read_bytes())
        self.network = {
            "training": "1c9a", "spec": self.sandbox.spec(), "dataset": self.sandbox.dataset, "steps": 2,
            "checkpoint": self.checkpoint}
        self.x = np.random.default_rng(1).normal(size=(23, 1, 8, 8)).astype(np.float32)

    def test_it_answers_until_the_end(self):
        child = Serving(self.sandbox, [self.network, self.network])
        self.assertEqual(child.hello, {
            "contract": 2, "networks": 2 * [{"shape": [1, 8, 8], "blind": False, "batch": 5}]})
        for count in (1, 4, 5, 23, 0):
            answer = child.ask(1, 1, np.ones(count), self.x[:count])
            np.testing.assert_array_equal(answer, self.weights["a"] * self.x[:count] + self.weights["b"])
        for operation in (2, 3):
            np.testing.assert_array_equal(
                child.ask(operation, 0, [0.5], self.x[:1], self.x[:7]), self.weights["a"] * self.x[:7])
        self.assertEqual(child.end(), 0)

    def test_it_says_what_it_cannot_load(self):
        cases = [
            ({"checkpoint": "ab" * 32}, "missing-input"), ({"spec": self.sandbox.spec(model__rank=99)}, "unsupported"),
            ({"spec": self.sandbox.spec(model__crop=1)}, "unsupported")]
        for change, kind in cases:
            child = Serving(self.sandbox, [{**self.network, **change}])
            self.assertEqual(child.hello["failed"], kind)
            self.assertEqual(child.end(), 1)
        child = Serving(self.sandbox, [self.network], contract=3)
        self.assertEqual((child.hello["failed"], child.end()), ("unsupported", 1))

    def test_requests_that_are_none_end_it(self):
        for header in ((7, 0, 1, 0), (1, 9, 1, 0), (2, 0, 2, 3), (1, 0, 1 << 31, 0), (1, 0, 1, 5)):
            child = Serving(self.sandbox, [self.network])
            child.process.stdin.write(struct.pack("<IIII", *header))
            child.process.stdin.flush()
            status, _, size = struct.unpack("<IIQ", child.process.stdout.read(16))
            self.assertEqual(status, 1)
            self.assertTrue(child.process.stdout.read(size).decode())
            self.assertEqual(child.end(), 1)
        child = Serving(self.sandbox, [self.network])
        child.process.stdin.write(struct.pack("<IIII", 1, 0, 2, 0) + b"abc")
        self.assertEqual(child.end(), 1)


class KeyTests(unittest.TestCase):
    def test_declarations_are_checked(self):
        from eigensweep import Key

        for fields in (
                dict(key="training.batch"), dict(key="rank"), dict(key="model.a.b"), dict(key="model.rank-2"),
                dict(key="worker.name"), dict(key="training.images"), dict(default=0, least=1), dict(default="x"),
                dict(type=dict)):
            with self.assertRaises(ValueError, msg=str(fields)):
                Key(**{"key": "model.rank", "type": int, "default": 1, "meaning": "", **fields})
        key = Key("field.widths", [float], default=[1, 2.5], above=0, length=(1, 3), meaning="widths")
        self.assertEqual(key.declaration(), {
            "key": "field.widths", "kind": "number", "list": {"least": 1, "most": 3}, "above": 0, "default": [1, 2.5],
            "meaning": "widths"})
        self.assertIsNone(key.fault([1, 2, 3]))
        for wrong in ([], [1, 2, 3, 4], [0], 1, ["a"]):
            self.assertIsNotNone(key.fault(wrong))
        text = Key("model.act", str, default="relu", choices=["relu", "gelu"], meaning="activation")
        self.assertIn("one of relu, gelu", text.fault("tanh"))


if __name__ == "__main__":
    unittest.main()
