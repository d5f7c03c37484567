"""What the tests share: a store with a dataset, jobs, and workers as an agent runs them."""
from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

PACKAGE = Path(__file__).resolve().parents[1]
REPOSITORY = PACKAGE.parent
sys.path.insert(0, str(PACKAGE))

from eigensweep import files, keys  # noqa: E402

TINY = Path(__file__).with_name("tiny.py")
EXAMPLES = REPOSITORY / "docs/examples"
TORCH = importlib.util.find_spec("torch") is not None
WITHOUT_TORCH = "PyTorch is not installed for this Python: pip install torch (on Linux without a GPU a +cpu build is small)"


def programs() -> Path | None:
    """The folder of the programs that were built last, where there is one."""
    if os.environ.get("EIGENSWEEP_PROGRAMS"):
        return Path(os.environ["EIGENSWEEP_PROGRAMS"])
    folders = [REPOSITORY / ".build" / kind for kind in ("release", "debug")]
    built = [folder for folder in folders if (folder / "eigensweep").exists() and (folder / "eigensweep-worker").exists()]
    # The latest: the other may be of an earlier commit.
    return max(built, key=lambda folder: (folder / "eigensweep").stat().st_mtime, default=None)


WITHOUT_PROGRAMS = "eigensweep is not built: swift build"


def environment(**more: str) -> dict[str, str]:
    """Of a worker: the package on its path, and no test's variables."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "PYTHONPATH": str(PACKAGE), "PYTHONDONTWRITEBYTECODE": "1", **more}


class Sandbox:
    """A store and working directories that go when the test ends."""

    def __init__(self, test, shape=(24, 1, 8, 8), kind=np.uint8) -> None:
        folder = tempfile.TemporaryDirectory(prefix="eigensweep-")
        test.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.store = self.root / "store"
        values = np.random.Generator(np.random.PCG64(5)).integers(0, 256, shape, np.uint8)
        images = values if kind == np.uint8 else (values / 127.5 - 1).astype(kind)
        self.dataset = self.keep(files.encode({"images": images}, {"format": "eigensweep-images-1"}))
        self.shape = shape
        self._attempts = 0

    def keep(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        place = self.store / digest[:2] / digest
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        return digest

    def attempt(self) -> Path:
        self._attempts += 1
        folder = self.root / f"attempt-{self._attempts}"
        folder.mkdir()
        return folder

    def spec(self, architecture="tiny", own=None, **changes):
        """A spec as a coordinator writes it; names in changes have `__` for the dot, None takes a key away."""
        values = {name: value for name, value in keys.ALWAYS.items() if value is not keys.REQUIRED}
        values.update({
            "dataset.digest": self.dataset, "dataset.resolution": self.shape[2], "dataset.channels": self.shape[1],
            "dataset.size": 6, "dataset.part": {"index": 0, "of": 1}, "dataset.subset_seed": 0, "dataset.held_out": 8,
            "model.architecture": architecture, "training.batch": 4, "seed": 3, "worker.name": architecture,
            "worker.numerics": 1})
        values.update({"model.rank": 2, "training.pause": 0, "training.break_at": 0} if own is None else own)
        for name, value in changes.items():
            values[name.replace("__", ".")] = value
        return {name: value for name, value in values.items() if value is not None}

    def job(self, task, spec=None, contract=2, **fields):
        return {
            "contract": contract, "job": "8f43", "attempt": 17, "store": str(self.store), "threads": 1, "training": "1c9a",
            "spec": spec or self.spec(), "dataset": self.dataset, "task": task, **fields}

    def train(self, *milestones, seconds=300, resume=None, **fields):
        task = {"milestones": list(milestones), "checkpointSeconds": seconds}
        if resume:
            task["resume"] = resume
        return self.job({"train": task}, **fields)


class Run:
    """A worker that does a job as an agent lets it: standard output is a file that is read while it grows."""

    def __init__(self, sandbox: Sandbox, job, program=TINY, before=None, output=None, arguments=("run",)) -> None:
        self.folder = sandbox.attempt()
        self.sandbox = sandbox
        (self.folder / "job.json").write_text(job if isinstance(job, str) else json.dumps(job))
        self.spool = self.folder / "events.ndjson"
        with open(self.folder / "job.json") as given, open(output or self.spool, "ab") as events, \
                open(self.folder / "errors.txt", "wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(program), *arguments], stdin=given, stdout=events, stderr=errors, cwd=self.folder,
                env=environment(), preexec_fn=before)

    @property
    def errors(self) -> str:
        return (self.folder / "errors.txt").read_text()

    @property
    def events(self):
        """Whole lines so far, each of which must be an event."""
        text = self.spool.read_bytes() if self.spool.exists() else b""
        return [json.loads(line) for line in text.split(b"\n")[:-1]]

    def finish(self, status=0):
        code = self.process.wait(120)
        assert code == status, f"exit {code}, expected {status}: {self.errors[-2000:]} {self.events[-2:]}"
        assert not self.spool.exists() or self.spool.read_bytes()[-1:] in (b"\n", b""), "half a line was left"
        return self.events

    def wait_for(self, event: str) -> None:
        end = time.monotonic() + 60
        while not any(one["event"] == event for one in self.events):
            assert self.process.poll() is None and time.monotonic() < end, f"no {event}: {self.errors[-2000:]}"
            time.sleep(0.005)

    def failure(self):
        last = self.finish(1)[-1]
        assert last["event"] == "failed", last
        return last["kind"], last["message"]

    def adopt(self, file) -> str:
        """Takes a file of an event into the store, as an agent does, checked."""
        data = (self.folder / file["path"]).read_bytes()
        assert len(data) == file["bytes"] and hashlib.sha256(data).hexdigest() == file["digest"]
        return self.sandbox.keep(data)


def checkpoints(events):
    return [event for event in events if event["event"] == "checkpoint"]


def milestones(events):
    return [event for event in checkpoints(events) if event["milestone"]]


class Serving:
    """A child `denoise`, asked as eigensweep-worker asks it."""

    def __init__(self, sandbox: Sandbox, networks, program=TINY, contract=2) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(program), "denoise"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=sandbox.attempt(), env=environment())
        wish = {"contract": contract, "store": str(sandbox.store), "threads": 1, "networks": networks}
        self.process.stdin.write(json.dumps(wish).encode() + b"\n")
        self.process.stdin.flush()
        self.hello = json.loads(self.process.stdout.readline())

    def ask(self, operation, network, sigma, images, vectors=None):
        """The answer's array, or the sentence in which it was refused."""
        vectors = np.zeros((0, *images.shape[1:]), "<f4") if vectors is None else vectors
        self.process.stdin.write(
            struct.pack("<IIII", operation, network, len(images), len(vectors)) + np.asarray(sigma, "<f8").tobytes()
            + images.astype("<f4").tobytes() + vectors.astype("<f4").tobytes())
        self.process.stdin.flush()
        status, reserved, size = struct.unpack("<IIQ", self.process.stdout.read(16))
        assert reserved == 0
        content = self.process.stdout.read(size)
        if status:
            return content.decode()
        return np.frombuffer(content, "<f4").reshape(len(vectors) or len(images), *images.shape[1:])

    def end(self) -> int:
        self.process.stdin.close()
        rest = self.process.stdout.read()
        assert not rest, f"{len(rest)} bytes beyond the answers"
        code = self.process.wait(60)
        self.process.stdout.close()
        self.process.stderr.close()
        return code
