"""The events of a worker, its progress, and the signal that asks it to pause."""

from __future__ import annotations

import json
import os
import signal
import stat
import time
from typing import Any, Optional

from . import contract


class StopSignal:
    """SIGTERM asks the job to pause; it is looked at between two pieces of work, so that it may come at any moment."""

    def __init__(self) -> None:
        self.is_raised = False
        signal.signal(signal.SIGTERM, self._raise)

    def _raise(self, *_: Any) -> None:
        self.is_raised = True


def own_output() -> int:
    """A descriptor of standard output that nobody else writes to; what prints goes to standard error from now on."""
    descriptor = os.dup(1)
    os.set_inheritable(descriptor, False)
    os.dup2(2, 1)
    return descriptor


class Events:
    """Writes events to standard output, each as one line in one write: a reader never meets half of one."""

    def __init__(self, descriptor: Optional[int] = None) -> None:
        self._file = own_output() if descriptor is None else descriptor
        self._broke_off = False

    def send(self, event: str, **fields: Any) -> None:
        """OSError where the line cannot be written; half of it is then taken back."""
        line = json.dumps({"event": event, **fields}, allow_nan=False, separators=(",", ":"), ensure_ascii=False) + "\n"
        data = (("\n" if self._broke_off else "") + line).encode()
        end = self._length()
        try:
            written = os.write(self._file, data)
            # A full disk or a signal may cut a write short; then the rest follows, or says why it cannot.
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError:
            self._broke_off = not self._take_back(end)
            raise
        self._broke_off = False
        if event in contract.DURABLE:
            try:
                os.fdatasync(self._file)
            except OSError as error:
                # A pipe has no disk to be written to.
                if end is not None:
                    raise error

    def _length(self) -> Optional[int]:
        """The length of a regular file; None of a pipe."""
        status = os.fstat(self._file)
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def _take_back(self, end: Optional[int]) -> bool:
        try:
            if end is None:
                return False
            os.ftruncate(self._file, end)
            return os.lseek(self._file, end, os.SEEK_SET) == end
        except OSError:
            return False


class Progress:
    """Tells progress about once a second.

    No thread of its own does: a step that hangs must look like one, after the contract's ten minutes.
    """

    def __init__(self, events: Events, unit: str, done: int, of: int) -> None:
        self.done, self._of, self._unit, self._events = done, of, unit, events
        now = time.monotonic()
        self._sent, self._advanced, self._rate = now, (done, now), 0.0

    def report(self, loss: Optional[float] = None) -> None:
        """May be called as often as one likes, also within a long unit of work."""
        now = time.monotonic()
        if now - self._sent < 1:
            return
        self._sent = now
        if self.done != self._advanced[0]:
            self._rate = (self.done - self._advanced[0]) / (now - self._advanced[1])
            self._advanced = (self.done, now)
        fields: dict[str, Any] = {"done": self.done, "of": self._of, "unit": self._unit, "rate": self._rate}
        if loss is not None:
            fields["loss"] = loss
        self._events.send("progress", **fields)
