"""Why a job ends without its result."""

from __future__ import annotations

import errno

from . import contract


class JobFailure(Exception):
    """Ends the job with `failed` of this kind (docs/job-contract.md) and the message."""

    kind = contract.INTERNAL


class Refusal(JobFailure):
    """The job itself cannot be done: an unknown key, an impossible size. A network's constructor may raise it."""

    kind = contract.UNSUPPORTED


class MissingInput(JobFailure):
    """A file that the job names is missing or damaged."""

    kind = contract.MISSING_INPUT


class Diverged(JobFailure):
    """The training left the finite numbers."""

    kind = contract.DIVERGED


class NoSpace(JobFailure):
    """The disk is full."""

    kind = contract.NO_SPACE


class CannotMeasure(Exception):
    """Nobody can take this measure of this checkpoint; the measures after it are taken."""


class Paused(Exception):
    """Raised where the job was asked to stop."""


#: A full disk, a full quota, a file that may not grow.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def kind_of(error: BaseException) -> str:
    """The kind of failure that an exception stands for."""
    if isinstance(error, JobFailure):
        return error.kind
    if isinstance(error, OSError) and error.errno in _FULL:
        return contract.NO_SPACE
    # PyTorch says that memory is lacking by RuntimeError, on CPUs without a class of its own.
    lacks = isinstance(error, RuntimeError) and any(
        words in str(error).lower() for words in ("out of memory", "can't allocate memory"))
    if isinstance(error, MemoryError) or lacks:
        return contract.UNFIT_HOST
    return contract.INTERNAL


def words_of(error: BaseException) -> str:
    """What is told of an exception, in one line."""
    text = " ".join(str(error).split())
    return text if isinstance(error, JobFailure) else f"{type(error).__name__}: {text}"
