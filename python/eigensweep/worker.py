"""A worker of Eigensweep: what speaks the job contract, version 2 (docs/job-contract.md), for any framework.

A worker subclasses `Worker`, names itself and its keys, and says how a training begins (`start`) and how averaged weights become a
denoiser (`denoiser`); ``eigensweep.edm`` has both for networks in PyTorch. Its file ends with

    if __name__ == "__main__":
        MyWorker().main()
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

import numpy as np

from . import contract, files, keys, serving
from .contract import DONE, FAILED, HOST_FAULT, WRONG_USAGE
from .events import Events, Progress, StopSignal
from .failures import (CannotMeasure, Diverged, JobFailure, MissingInput, Paused, Refusal, kind_of, words_of)
from .keys import Key, Spec
from .measures import Measure, Measuring
from .subsets import Images

USAGE = "usage: WORKER [--contract 1|2] describe | run [--job FILE] | denoise"


class Training:
    """A training under way. What it holds after n steps must be a function of spec, images and n alone: then it goes on from a
    recovery point to the same bits, and any list of milestones gives them."""

    #: How many weights the network has.
    parameters: int = 0

    def step(self, number: int) -> float:
        """Does the step of this number, from 0, and returns the mean loss of its batch.

        Where the loss is not a finite number, nothing may have changed.
        """
        raise NotImplementedError

    def weights(self) -> Mapping[str, Any]:
        """The averaged weights: arrays by name."""
        raise NotImplementedError

    def state(self) -> Mapping[str, Any]:
        """All that the next steps depend on: arrays by name."""
        raise NotImplementedError

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Goes on from what `state` gave."""
        raise NotImplementedError


class LossCurve:
    """The mean loss over stretches, each a quarter as long as all before it together or one step: a long training has a short
    curve, which depends on the steps done alone."""

    def __init__(self) -> None:
        self.means: list[float] = []
        self.ends: list[int] = []
        self.sum, self.steps = 0.0, 0

    def add(self, loss: float) -> None:
        self.sum += loss
        self.steps += 1
        begun = self.ends[-1] if self.ends else 0
        if self.steps == begun + max(1, begun // 4):
            self.means.append(self.sum / (self.steps - begun))
            self.ends.append(self.steps)
            self.sum = 0.0

    @property
    def points(self) -> list[list[float]]:
        """[step, mean loss since the pair before], of the stretch under way too."""
        points: list[list[float]] = [[end, mean] for end, mean in zip(self.ends, self.means)]
        begun = self.ends[-1] if self.ends else 0
        return points + [[self.steps, self.sum / (self.steps - begun)]] if self.steps > begun else points

    def arrays(self) -> dict[str, np.ndarray]:
        return {
            "steps": np.array([self.steps]), "loss_ends": np.array(self.ends, np.int64),
            "loss_means": np.array(self.means, np.float64), "loss_sum": np.array([self.sum])}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Takes its arrays out of a state."""
        self.steps = int(state.pop("steps")[0])
        self.ends = [int(end) for end in state.pop("loss_ends")]
        self.means = [float(mean) for mean in state.pop("loss_means")]
        self.sum = float(state.pop("loss_sum")[0])


class Job:
    """A job as the contract has it, with its files."""

    def __init__(self, text: Any, worker: "Worker") -> None:
        """Refusal where it is none of this worker's."""
        if not isinstance(text, dict) or not isinstance(text.get("contract"), int):
            raise Refusal("not a job description: expected an object with the contract's number")
        self.contract: int = text["contract"]
        if self.contract not in contract.CONTRACTS:
            raise Refusal(
                f"the job speaks version {self.contract} of the job contract, this worker versions "
                f"{' and '.join(map(str, contract.CONTRACTS))}")
        try:
            self.store: str = text["store"]
            self.threads = max(1, int(text.get("threads", 1)))
            self.values: dict[str, Any] = text["spec"]
            self.dataset: str = text["dataset"]
            (self.kind, self.task), = text["task"].items()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Refusal(f"not a job description: {type(error).__name__}: {error}") from None

    def images(self, spec: Spec) -> Images:
        return Images(path(self.store, self.dataset), self.dataset, spec)


def path(store: str, digest: str) -> str:
    return f"{store}/{digest[:2]}/{digest}"


def stored(store: str, digest: str, what: str) -> bytes:
    """The verified bytes of a file of the store; MissingInput where it is missing or damaged."""
    place = path(store, digest)
    try:
        with open(place, "rb") as file:
            data = file.read()
    except OSError as error:
        raise MissingInput(f"cannot read {what} {place}: {error.strerror}") from None
    found = files.digest(data)
    if found != digest:
        raise MissingInput(f"{what} {place} is damaged: its digest is {found[:12]}, not {digest[:12]}")
    return data


def arrays(store: str, digest: str, what: str) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays and metadata of a safetensors file of the store."""
    try:
        return files.decode(stored(store, digest, what))
    except files.Damaged as error:
        raise MissingInput(f"{what} {path(store, digest)} is no safetensors file: {error}") from None


class Worker:
    """What a worker is and can do; and its commands."""

    #: Part of every trial's identity. ``numerics`` rises when any result's bits change: when the network or its training does.
    name: str = ""
    numerics: int = 1
    #: Whether equal jobs give equal bits on every host.
    deterministic: bool = False
    #: Values of `model.architecture` that it trains, and the keys beside them.
    architectures: Sequence[str] = ()
    keys: Sequence[Key] = ()
    #: Which of Eigensweep's keys it honours beyond those of the images (`keys.HONOURED`).
    reads: Sequence[str] = ()
    measures: Sequence[Measure] = ()
    #: The images that it takes, as `describe` has it; None: as eigensweep-worker does.
    images: Optional[Mapping[str, Any]] = None
    #: How many GPUs every job of it needs.
    gpus: int = 0

    # What a worker brings.

    def start(self, spec: Spec, images: np.ndarray, threads: int) -> Training:
        """A new training on images [N, C, H, W] of float32 in [−1, 1]. Refusal where it cannot be."""
        raise NotImplementedError

    def denoiser(self, spec: Spec, weights: Mapping[str, np.ndarray], threads: int) -> "serving.Denoiser":
        """The denoiser of averaged weights, as `Training.weights` gave them."""
        raise Refusal(f"{self.name} has no denoiser")

    @property
    def can_denoise(self) -> bool:
        return type(self).denoiser is not Worker.denoiser

    #: Whether its denoisers have products with the Jacobian.
    derivative: bool = False

    def kernels(self) -> str:
        """What it computes with, as provenance."""
        return f"numpy {np.__version__}"

    # Commands.

    def main(self, arguments: Optional[Sequence[str]] = None) -> None:
        """Does what the command line says, and exits."""
        words = list(sys.argv[1:] if arguments is None else arguments)
        version = contract.CONTRACT
        if words[:1] == ["--contract"] and len(words) > 1 and words[1] in ("1", "2"):
            version, words = int(words[1]), words[2:]
        if words == ["describe"]:
            print(json.dumps(self.describe(version), allow_nan=False))
            sys.exit(DONE)
        if words == ["denoise"] and self.can_denoise:
            sys.exit(serving.serve(self))
        if words[:1] == ["run"] and (len(words) == 1 or words[1] == "--job" and len(words) == 3):
            sys.exit(self._run(words[2] if len(words) == 3 else None))
        print(USAGE, file=sys.stderr)
        sys.exit(WRONG_USAGE)

    def describe(self, version: int = contract.CONTRACT) -> dict[str, Any]:
        """What `describe` prints."""
        own = {key.key for key in self.keys}
        if len(own) != len(self.keys):
            raise ValueError(f"{self.name} declares a key twice")
        strangers = set(self.reads) - set(keys.OURS)
        if strangers:
            raise ValueError(f"{self.name} reads {min(strangers)}, which is no key of Eigensweep's specs")
        facts: dict[str, Any] = {
            "contract": version, "name": self.name, "numerics": self.numerics, "deterministic": self.deterministic,
            "jobKinds": ["train", "measure"] if self.measures else ["train"], "architectures": list(self.architectures),
            "measures": [measure.request() for measure in self.measures],
            "sampling": [measure.name for measure in self.measures if measure.samples],
            "quantities": {one.name: [q.declaration() for q in one.quantities] for one in self.measures if one.quantities},
            "parameters": {one.name: [p.declaration() for p in one.parameters] for one in self.measures if one.parameters},
            "build": build(), "cpu": cpu(), "kernels": self.kernels(), "check": "",
        }
        if self.gpus:
            facts["gpus"] = self.gpus
        if version >= 2:
            facts["keys"] = [key.declaration() for key in self.keys]
            facts["reads"] = sorted({*keys.HONOURED, *self.reads})
            if self.images is not None:
                facts["images"] = dict(self.images)
            if self.can_denoise:
                facts["denoise"] = {"derivative": self.derivative}
        return facts

    def check(self, values: Mapping[str, Any], version: int) -> Spec:
        """The spec of a job; Refusal names the key that this worker does not know or honour."""
        return keys.check(values, self.keys, self.reads, self.architectures, version)

    def _run(self, job: Optional[str]) -> int:
        stop = StopSignal()
        events = Events()
        try:
            if job is None:
                text = sys.stdin.buffer.read()
            else:
                with open(job, "rb") as file:
                    text = file.read()
        except OSError as error:
            print(f"no job could be read: {error}", file=sys.stderr)
            return HOST_FAULT
        try:
            try:
                self._perform(text, events, stop)
                return DONE
            except Exception as error:
                kind, words = kind_of(error), words_of(error)
                if kind == contract.INTERNAL:
                    traceback.print_exc()
                else:
                    print(f"{kind}: {words}", file=sys.stderr)
                events.send("failed", kind=kind, message=words.encode()[:contract.LONGEST_WORDS].decode(errors="ignore"))
                return FAILED
        except OSError as error:
            print(f"events cannot be written: {error}", file=sys.stderr)
            return HOST_FAULT

    def _perform(self, text: bytes, events: Events, stop: StopSignal) -> None:
        try:
            parsed = json.loads(text)
        except ValueError as error:
            raise Refusal(f"not a job description: {error}") from None
        job = Job(parsed, self)
        events.send(
            "started", contract=job.contract, worker=self.name, numerics=self.numerics, build=build(), cpu=cpu(),
            kernels=self.kernels())
        spec = self.check(job.values, job.contract)
        tasks = {"train": self._train, "measure": self._measure}
        if job.kind not in tasks:
            raise Refusal(f"the job's task is {job.kind}: expected train or measure")
        try:
            tasks[job.kind](job, spec, events, stop)
        except Paused:
            events.send("paused", steps=int(job.task.get("steps", 0)))

    # Training.

    def _train(self, job: Job, spec: Spec, events: Events, stop: StopSignal) -> None:
        resume = job.task.get("resume")
        milestones, seconds = _milestones(job.task)
        if spec["model.weights"] != "none" or spec["dataset.split"] == "unknown":
            raise Refusal("the spec is that of a network which was trained elsewhere: it is measured, never trained")
        training = self.start(spec, job.images(spec).training, job.threads)
        curve = LossCurve()
        mark = json.dumps(job.values, sort_keys=True, separators=(",", ":"))
        if resume is not None:
            state, metadata = arrays(job.store, resume["state"], "the training state")
            _check_mark(metadata.get("training"), job.values)
            try:
                curve.restore(state)
                training.restore(state)
            except (KeyError, IndexError, ValueError) as error:
                raise MissingInput(f"the training state is none of this network: {words_of(error)}") from None
            if curve.steps != resume["steps"]:
                raise MissingInput(f"the training state is of step {curve.steps}, not of step {resume['steps']}")
        _Loop(training, curve, milestones, seconds, mark, events, stop).run(sent=resume["steps"] if resume else None)

    # Measuring.

    def _measure(self, job: Job, spec: Spec, events: Events, stop: StopSignal) -> None:
        task = job.task
        own = {measure.name: measure for measure in self.measures}
        for request in task["measures"]:
            measure = own.get(request["measure"])
            if measure is None or measure.version != request["version"]:
                raise Refusal(f"this worker does not take version {request['version']} of {request['measure']}")
            strangers = set(request["parameters"]) ^ {parameter.name for parameter in measure.parameters}
            if strangers:
                raise Refusal(f"the parameters of {request['measure']} are others: {', '.join(sorted(strangers))}")
        progress = Progress(events, "measures", 0, len(task["measures"]))

        def beat() -> None:
            if stop.is_raised:
                raise Paused()
            progress.report()

        weights, _ = arrays(job.store, task["checkpoint"], "the checkpoint")
        denoiser = self.denoiser(spec, weights, job.threads)
        images = job.images(spec)
        for done, request in enumerate(task["measures"]):
            began = time.monotonic()
            progress.done = done
            beat()
            context = Measuring(spec, request["parameters"], denoiser, images, beat)
            fields: dict[str, Any] = {"rows": [], "artifacts": []}
            try:
                fields["rows"] = [row.fields() for row in own[request["measure"]].take(context)]
                fields["artifacts"] = [
                    {"name": name, "mediaType": kind, "file": files.write_whole(f"{done}-{request['measure']}-{name}", [data])}
                    for name, kind, data in context.artifacts]
            except CannotMeasure as error:
                fields["failure"] = " ".join(str(error).split())
            events.send(
                "measure", trial=task["trial"], request=request, checkpoint=task["checkpoint"],
                seconds=time.monotonic() - began, **fields)
        events.send("finished")


class _Loop:
    """Trains to the last milestone, and leaves what must be left."""

    def __init__(
        self, training: Training, curve: LossCurve, milestones: list[int], seconds: float, mark: str, events: Events,
        stop: StopSignal
    ) -> None:
        self.training, self.curve, self.events, self.stop = training, curve, events, stop
        self.milestones, self.seconds, self.mark = milestones, seconds, mark
        self.began = time.monotonic()

    def run(self, sent: Optional[int]) -> None:
        """``sent``: the step of the last state that somebody has, if any."""
        last, saved = self.milestones[-1], self.began
        progress = Progress(self.events, "steps", self.curve.steps, last)
        for milestone in self.milestones:
            while self.curve.steps < milestone:
                number = self.curve.steps
                loss = float(self.training.step(number))
                if not math.isfinite(loss):
                    # Only where none was sent yet: one from well before is worth more than one from the step before.
                    if sent is None and number > 0:
                        self.checkpoint(milestone=False)
                        sent = number
                    raise Diverged(f"training diverged at step {number + 1}: the loss of the batch is {loss}; {_place(sent)}")
                self.curve.add(loss)
                steps, stopping = self.curve.steps, self.stop.is_raised
                if steps == milestone or stopping or time.monotonic() - saved >= self.seconds:
                    self.checkpoint(milestone=steps == milestone, sent=sent)
                    saved, sent = time.monotonic(), steps
                # A job that has reached the last milestone is finished, not paused.
                if stopping and steps < last:
                    self.events.send("paused", steps=steps)
                    return
                progress.done = steps
                progress.report(loss)
        self.events.send("finished")

    def checkpoint(self, milestone: bool, sent: Optional[int] = None) -> None:
        steps = self.curve.steps
        state = dict(self.training.state())
        weights = dict(self.training.weights()) if milestone else {}
        for name, value in (*state.items(), *weights.items()):
            if np.asarray(value).dtype.kind == "f" and not np.isfinite(value).all():
                raise Diverged(f"training diverged by step {steps}: {name} is not finite; {_place(sent)}")
        kept = files.write_whole(f"weights-{steps}.safetensors", [files.encode(weights)]) if milestone else None
        self.events.send(
            "checkpoint", steps=steps, milestone=milestone, weights=kept,
            state=files.write_whole(
                f"state-{steps}.safetensors", [files.encode({**self.curve.arrays(), **state}, {"training": self.mark})]),
            parameters=self.training.parameters, losses=self.curve.points, seconds=time.monotonic() - self.began)


def _place(sent: Optional[int]) -> str:
    return "there is no checkpoint yet" if sent is None else f"the last checkpoint is of step {sent}"


def _milestones(task: Mapping[str, Any]) -> tuple[list[int], float]:
    milestones, seconds = task.get("milestones", []), task.get("checkpointSeconds", 300)
    first = (task.get("resume") or {}).get("steps", 0)
    fine = bool(milestones) and all(isinstance(one, int) for one in milestones)
    if not fine or any(one >= other for one, other in zip([first, *milestones], milestones)):
        raise Refusal(f"the milestones {milestones} are not ascending numbers of steps beyond {first}")
    if not isinstance(seconds, (int, float)) or seconds < 0:
        raise Refusal(f"checkpointSeconds is {seconds}, expected at least 0")
    return list(milestones), float(seconds)


def _check_mark(text: Optional[str], values: Mapping[str, Any]) -> None:
    """MissingInput, with the first key that differs, unless a state is of this training."""
    try:
        found = json.loads(text or "")
    except ValueError:
        raise MissingInput("the training state does not say which training it is a state of") from None
    for key in sorted({*found, *values}):
        if found.get(key) != values.get(key):
            raise MissingInput(
                f"the training state is of another training: its {key} is {found.get(key)!r}, not {values.get(key)!r}")


def build() -> str:
    """The version of this package, a digest of its modules, and one of the worker's own file."""
    package = sys.modules[__package__]
    texts = getattr(package, "_TEXTS", None)
    if texts is None:
        folder = Path(package.__file__ or "").parent
        texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))}
    name = f"{package.__version__}+{hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:12]}"
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    try:
        with open(script or "", "rb") as file:
            return f"{name}.{hashlib.sha256(file.read()).hexdigest()[:12]}"
    except OSError:
        return name


def cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()[:200]
    except OSError:
        pass
    return "unknown"
