"""The constants of the job contract (docs/job-contract.md), in one place."""

from __future__ import annotations

#: The contract that workers of this package describe, and those of which they take jobs.
CONTRACT = 2
CONTRACTS = (1, 2)

#: Exit statuses of a worker.
DONE, FAILED, WRONG_USAGE, HOST_FAULT = 0, 1, 64, 75

#: Kinds of failure.
DIVERGED = "diverged"
UNSUPPORTED = "unsupported"
MISSING_INPUT = "missing-input"
NO_SPACE = "no-space"
UNFIT_HOST = "unfit-host"
INTERNAL = "internal"

#: Events whose line must be on the disk before the worker goes on: they name files, or end the job.
DURABLE = frozenset(["checkpoint", "measure", "paused", "finished", "failed"])

#: Operations that `denoise` is asked for, and the statuses of its answers.
DENOISE, PULLBACK, PUSHFORWARD = 1, 2, 3
ANSWERED, REFUSED = 0, 1
#: Of requests and answers: four u32; u32, u32, u64. Little-endian.
REQUEST_HEADER, ANSWER_HEADER = "<IIII", "<IIQ"

#: What a `failed` message or a measure's `failure` may take, in bytes; the agent cuts the rest.
LONGEST_WORDS = 16 * 1024
#: A request of `denoise` with more values than this is no request.
MOST_VALUES = 1 << 32
