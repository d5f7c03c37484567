"""WORKER denoise: denoisers for eigensweep-worker, which asks for D(x; σ) through pipes (docs/job-contract.md)."""

from __future__ import annotations

import fcntl
import json
import os
import struct
import sys
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO, Optional

import numpy as np

from . import contract
from .events import own_output
from .failures import JobFailure, Refusal, kind_of, words_of

if TYPE_CHECKING:
    from .worker import Worker

_PIPE = 1 << 20


class Denoiser:
    """A network with its averaged weights as a denoiser. Images are in units of pixels in [−1, 1].

    Calls have exactly ``batch`` images, filled up with others where fewer are asked for: then the shape of a computation, and with
    it an image's result, does not depend on how many others came with it.
    """

    batch: int = 64
    #: The noise levels that it is for, from and to; None: all.
    levels: Optional[tuple[float, float]] = None
    #: Whether it is not told the noise level.
    blind: bool = False

    def denoise(self, x: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        """D(x; σ) [B, C, H, W] of float32, of images x [B, C, H, W] of float32 at noise levels σ [B] of float64."""
        raise NotImplementedError

    def pullback(self, x: np.ndarray, sigma: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Jᵀv [B, C, H, W], image by image: J is the Jacobian of D at x, v [B, C, H, W]."""
        raise Refusal("this worker has no products with the Jacobian")

    def pushforward(self, x: np.ndarray, sigma: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Jv [B, C, H, W], image by image."""
        raise Refusal("this worker has no products with the Jacobian")


def in_batches(
    call: Callable[..., np.ndarray], batch: int, x: np.ndarray, sigma: np.ndarray, *others: np.ndarray
) -> np.ndarray:
    """``call`` of images of which there may be any number, in calls of ``batch``."""
    result = np.empty(x.shape, np.float32)
    for first in range(0, len(x), batch):
        parts = [array[first:first + batch] for array in (x, sigma, *others)]
        count = len(parts[0])
        if count < batch:
            parts = [np.concatenate([part, np.repeat(part[:1], batch - count, axis=0)]) for part in parts]
        result[first:first + count] = call(*parts)[:count]
    return result


def call(denoiser: Denoiser, x: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """D(x; σ) of any number of images."""
    return in_batches(denoiser.denoise, denoiser.batch, x, sigma)


def serve(worker: "Worker") -> int:
    """The command: answers until the end of standard input. Returns the exit status."""
    output = own_output()
    # The descriptor itself stays open where this file object ends.
    source = os.fdopen(0, "rb", buffering=_PIPE, closefd=False)
    for descriptor in (0, output):
        try:
            fcntl.fcntl(descriptor, getattr(fcntl, "F_SETPIPE_SZ", 1031), _PIPE)
        except OSError:
            # No pipe, or more than this account may have: smaller pieces do as well.
            pass
    try:
        networks = _load(worker, source.readline())
    except Exception as error:
        if not isinstance(error, JobFailure):
            traceback.print_exc()
        _write(output, json.dumps({"failed": kind_of(error), "message": words_of(error)}).encode() + b"\n")
        return contract.FAILED
    facts = []
    for denoiser, shape in networks:
        fact: dict[str, Any] = {"shape": list(shape), "blind": denoiser.blind, "batch": denoiser.batch}
        if denoiser.levels is not None:
            fact["levels"] = {"least": denoiser.levels[0], "most": denoiser.levels[1]}
        facts.append(fact)
    _write(output, json.dumps({"contract": contract.CONTRACT, "networks": facts}).encode() + b"\n")
    while True:
        head = source.read(struct.calcsize(contract.REQUEST_HEADER))
        if not head:
            return contract.DONE
        try:
            request = _Request(head, networks, source)
        except EOFError:
            print("denoise: the requests end inside one", file=sys.stderr)
            return contract.FAILED
        except Refusal as error:
            # How long what follows is cannot be known, so this is the last answer.
            _answer(output, contract.REFUSED, str(error).encode())
            return contract.FAILED
        try:
            result = request.result().astype("<f4", copy=False)
        except Exception as error:
            if not isinstance(error, JobFailure):
                traceback.print_exc()
            _answer(output, contract.REFUSED, words_of(error).encode()[:contract.LONGEST_WORDS])
        else:
            _answer(output, contract.ANSWERED, result.tobytes())


def _load(worker: "Worker", line: bytes) -> list[tuple[Denoiser, tuple[int, int, int]]]:
    from .worker import arrays

    try:
        wish = json.loads(line)
        version, store, wanted = wish["contract"], wish["store"], wish["networks"]
        threads = int(wish.get("threads", 1))
    except (ValueError, KeyError, TypeError):
        raise Refusal("the first line is no description of networks") from None
    if version != contract.CONTRACT:
        raise Refusal(f"version {version} of the job contract is asked for, this worker denoises by {contract.CONTRACT}")
    networks = []
    for one in wanted:
        spec = worker.check(one["spec"], version)
        weights, _ = arrays(store, one["checkpoint"], "the checkpoint")
        networks.append((worker.denoiser(spec, weights, threads), spec.shape))
    return networks


class _Request:
    def __init__(self, head: bytes, networks: list[tuple[Denoiser, tuple[int, int, int]]], source: BinaryIO) -> None:
        if len(head) < struct.calcsize(contract.REQUEST_HEADER):
            raise EOFError
        self.operation, index, count, vectors = struct.unpack(contract.REQUEST_HEADER, head)
        if self.operation not in (contract.DENOISE, contract.PULLBACK, contract.PUSHFORWARD):
            raise Refusal(f"there is no operation {self.operation}")
        if index >= len(networks):
            raise Refusal(f"there is no network {index}: expected 0 to {len(networks) - 1}")
        self.denoiser, shape = networks[index]
        size = int(np.prod(shape))
        if (count + vectors) * size > contract.MOST_VALUES:
            raise Refusal(f"{count} images and {vectors} vectors of {size} pixels are too many for one request")
        if (vectors > 0) != (self.operation != contract.DENOISE) or self.operation != contract.DENOISE and count != 1:
            raise Refusal(f"{count} images and {vectors} vectors are no request of the operation {self.operation}")
        self.sigma = self._read(source, "<f8", (count,))
        self.images = self._read(source, "<f4", (count, *shape))
        self.vectors = self._read(source, "<f4", (vectors, *shape))

    @staticmethod
    def _read(source: BinaryIO, kind: str, shape: tuple[int, ...]) -> np.ndarray:
        array = np.empty(shape, kind)
        if not array.size:
            return array
        view = memoryview(array).cast("B")  # type: ignore[arg-type]
        while len(view):
            count = source.readinto(view)  # type: ignore[attr-defined]
            if not count:
                raise EOFError
            view = view[count:]
        return array

    def result(self) -> np.ndarray:
        if self.operation == contract.DENOISE:
            return call(self.denoiser, self.images, self.sigma)
        product = self.denoiser.pullback if self.operation == contract.PULLBACK else self.denoiser.pushforward
        count = len(self.vectors)
        images = np.repeat(self.images, count, axis=0)
        return in_batches(product, self.denoiser.batch, images, np.repeat(self.sigma, count), self.vectors)


def _answer(output: int, status: int, content: Any) -> None:
    _write(output, struct.pack(contract.ANSWER_HEADER, status, 0, len(content)))
    _write(output, content)


def _write(output: int, content: Any) -> None:
    view = memoryview(content)
    while len(view):
        view = view[os.write(output, view):]
