"""Which images of a dataset are for training and which are held out: the same as eigensweep-worker's (docs/data.md)."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
from collections.abc import Mapping
from typing import Any, Optional

import numpy as np

from . import files
from .failures import MissingInput, Refusal

PERMUTATION, DATA_ORDER, FLIP = 32, 2, 6


def philox(key: int, counters: np.ndarray, sub: int, purpose: int) -> np.ndarray:
    """Philox 4×32-10 (Salmon et al., SC 2011): words [n, 4] at blocks [n], both uint64, of the stream (key, purpose, sub)."""
    low = np.uint64(0xFFFFFFFF)
    shift = np.uint64(32)
    x = [counters & low, counters >> shift, np.full_like(counters, sub), np.full_like(counters, purpose)]
    k0, k1 = key & 0xFFFFFFFF, key >> 32 & 0xFFFFFFFF
    for _ in range(10):
        a, b = x[0] * np.uint64(0xD2511F53), x[2] * np.uint64(0xCD9E8D57)
        x = [b >> shift ^ x[1] ^ np.uint64(k0), b & low, a >> shift ^ x[3] ^ np.uint64(k1), a & low]
        k0, k1 = k0 + 0x9E3779B9 & 0xFFFFFFFF, k1 + 0xBB67AE85 & 0xFFFFFFFF
    return np.stack(x, axis=-1)


def _bits(key: int, indices: np.ndarray, sub: int, purpose: int) -> np.ndarray:
    """64 bits at every half block: the first two words of block i/2 where i is even, the others where it is odd."""
    words = philox(key, indices >> np.uint64(1), sub, purpose)
    pairs = words[:, 0::2] << np.uint64(32) | words[:, 1::2]
    return np.take_along_axis(pairs, (indices & np.uint64(1)).astype(np.intp)[:, None], axis=1)[:, 0]


def uniforms(key: int, first: int, count: int, sub: int, purpose: int) -> np.ndarray:
    """Uniform on (0, 1), 53 bits, number ``first`` and on of the stream."""
    bits = _bits(key, np.arange(first, first + count, dtype=np.uint64), sub, purpose)
    return ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def permutation(key: int, count: int, sub: int = 0, purpose: int = PERMUTATION, round: int = 0) -> np.ndarray:
    """A permutation of 0..<count by Fisher and Yates, one for every round."""
    last = np.arange(count - 1, 0, -1, dtype=np.uint64)
    if not len(last):
        return np.arange(count)
    bits = _bits(key, np.uint64((round & 0xFFFFFFFF) << 33) | last, sub, purpose)
    bound = last + np.uint64(1)
    # The upper half of the product with 64 random bits; bounds are below 2³².
    high, low = bits >> np.uint64(32), bits & np.uint64(0xFFFFFFFF)
    choices = (high * bound + (low * bound >> np.uint64(32))) >> np.uint64(32)
    order = list(range(count))
    for place, choice in zip(range(count - 1, 0, -1), choices.tolist()):
        order[place], order[choice] = order[choice], order[place]
    return np.array(order)


def _text(value: Any) -> str:
    """A value as it stands in a dataset's key: whole numbers alike whether they came as integers or not."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def dataset_key(spec: Mapping[str, Any]) -> str:
    """What keys a dataset's permutation."""
    if spec.get("dataset.generator") is not None:
        pairs = "".join(
            f";{name}={_text(spec['dataset.' + name])}" for name in ("alpha", "channels", "count", "resolution")
            if spec.get("dataset." + name) is not None)
        return f"generator:{spec['dataset.generator']}/{spec['dataset.generator_version']}{pairs}"
    if spec.get("dataset.samples") is not None:
        return f"samples:{json.dumps(spec['dataset.samples'], sort_keys=True, separators=(',', ':'), ensure_ascii=False)}"
    digest = spec.get("dataset.digest")
    if not isinstance(digest, str) or len(digest) != 64:
        raise Refusal(f"dataset.digest is {digest!r}: expected 64 hexadecimal digits")
    return f"digest:{digest}"


def order(count: int, key: str, subset_seed: int) -> np.ndarray:
    """The permutation of a dataset's images, [count]."""
    seed = hashlib.sha256(f"eigensweep-split/1;{key};subset_seed={subset_seed}".encode()).digest()[:8]
    return permutation(int.from_bytes(seed, "big"), count)


def split(
    spec: Mapping[str, Any], count: int, pool: Optional[int] = None, found: Optional[int] = None,
    numbers: Optional[np.ndarray] = None
) -> tuple[np.ndarray, np.ndarray]:
    """The images for training, [size], and those held out, by their place in the dataset of ``count``.

    ``pool``: so many of them, the first, are for training, where that is given. ``found`` and ``numbers`` [count]: how many
    images the source had and which of them each is, where some are missing. Refusal where there are too few.
    """
    given = spec.get("dataset.split", "drawn") == "given"
    if given != (pool is not None):
        raise Refusal(
            "dataset.split is given, but the dataset does not say which of its images are for training" if given else
            f"the dataset says which images are for training, but dataset.split is {spec.get('dataset.split', 'drawn')}")
    key, seed = dataset_key(spec), int(spec["dataset.subset_seed"])
    if spec.get("dataset.order", "prepared") == "source":
        found = count if found is None else found
        images = order(found, f"source:{found}", seed)
        if numbers is not None:
            places = np.full(found, -1)
            places[numbers] = np.arange(count)
            images = places[images]
            images = images[images >= 0]
    else:
        images = order(count, key, seed)
    index, of = int(spec["dataset.part"]["index"]), int(spec["dataset.part"]["of"])
    size, held = int(spec["dataset.size"]), int(spec["dataset.held_out"])
    if not 0 <= index < of:
        raise Refusal(f"dataset.part is {index} of {of}: expected an index from 0 and below its `of`")
    if size < 1 or held < 0:
        raise Refusal(f"dataset.size is {size} and dataset.held_out {held}: expected at least 1 and 0")
    kept = images if pool is None else images[images >= pool]
    if held > len(kept) or size > (count - held if pool is None else pool) // of:
        raise Refusal(f"{count} images are too few for {of} parts of {size} and {held} held out")
    rest = images[held:] if pool is None else images[images < pool]
    if of > 1 and index == of - 1:
        return rest[len(rest) - size:][::-1], kept[:held]
    first = index * len(rest) // of
    return rest[first:first + size], kept[:held]


class Images:
    """The images of a job, verified and split as its spec says."""

    def __init__(self, path: str, digest: str, spec: Mapping[str, Any]) -> None:
        """MissingInput where the file is missing or damaged, Refusal where it is another than the spec's."""
        named = spec.get("dataset.digest")
        if named is not None and named != digest:
            raise Refusal(f"the spec's dataset.digest is {named}, but the job brings the dataset {digest}")
        self._split: Optional[tuple[np.ndarray, np.ndarray]] = None
        self._spec = spec
        try:
            with open(path, "rb") as file:
                found = files.digest_of_file(file)
                if found != digest:
                    raise MissingInput(f"the dataset {path} is damaged: its digest is {found[:12]}, not {digest[:12]}")
                size = os.fstat(file.fileno()).st_size
                file.seek(0)
                tensors, metadata, start = files.header(file, size)
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise MissingInput(f"cannot read the dataset {path}: {error.strerror}") from None
        except files.Damaged as error:
            raise MissingInput(f"the dataset {path} is none: {error}") from None
        entry = tensors.get("images", {})
        shape = entry.get("shape", [])
        if entry.get("dtype") not in ("U8", "F32") or len(shape) != 4 or 0 in shape:
            raise MissingInput(f"the dataset {path} has no tensor images of U8 or F32, [N, C, H, W]")
        if tuple(shape[1:]) != spec.shape:  # type: ignore[attr-defined]
            raise Refusal(
                f"the dataset's images are {' × '.join(map(str, shape[1:]))}, but dataset.channels is "
                f"{spec['dataset.channels']} and dataset.resolution {spec['dataset.resolution']}")

        def array(entry: Mapping[str, Any], kind: str) -> np.ndarray:
            first, last = (start + place for place in entry["data_offsets"])
            return np.frombuffer(self._data, kind, offset=first, count=(last - first) // np.dtype(kind).itemsize) \
                .reshape(entry["shape"])

        #: All images of the dataset as they are stored, [N, C, H, W] of uint8 or float32.
        self.stored = array(entry, "|u1" if entry["dtype"] == "U8" else "<f4")
        self._pool = int(metadata["training"]) if "training" in metadata else None
        self._numbers = array(tensors["numbers"], "<i8") if "numbers" in tensors else None
        self._found = int(metadata["found"]) if self._numbers is not None else None

    @property
    def _indices(self) -> tuple[np.ndarray, np.ndarray]:
        if self._split is None:
            self._split = split(self._spec, len(self.stored), self._pool, self._found, self._numbers)
        return self._split

    @property
    def training(self) -> np.ndarray:
        """The images for training, [size, C, H, W] of float32 in [−1, 1]."""
        return in_units(self.stored[self._indices[0]])

    @property
    def held_out(self) -> np.ndarray:
        """The held-out images, [held_out, C, H, W] of float32 in [−1, 1]."""
        return in_units(self.stored[self._indices[1]])


def in_units(stored: np.ndarray) -> np.ndarray:
    """Stored pixels in [−1, 1]: a byte p stands for p/127.5 − 1."""
    if stored.dtype == np.uint8:
        return (stored.astype(np.float64) / 127.5 - 1).astype(np.float32)
    return stored.astype(np.float32)


class BatchOrder:
    """The images of a training in the order in which it meets them, as eigensweep-worker's: a fresh permutation for every
    epoch, walked without replacement. Which images a step meets is a function of seed and step alone."""

    def __init__(self, count: int, seed: int, part: tuple[int, int], flip: bool) -> None:
        self._count, self._seed, self._flip = count, seed, flip
        self._sub = part[1] << 16 | part[0]
        self._epochs: dict[int, np.ndarray] = {}

    def batch(self, first: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The indices [count] of the training's images number ``first`` and on, and which of them are mirrored."""
        numbers = np.arange(first, first + count)
        epochs = numbers // self._count
        self._epochs = {
            epoch: self._epochs[epoch] if epoch in self._epochs else
            permutation(self._seed, self._count, self._sub, DATA_ORDER, epoch) for epoch in np.unique(epochs).tolist()}
        places = numbers % self._count
        indices = np.concatenate([self._epochs[epoch][places[epochs == epoch]] for epoch in self._epochs])
        mirrored = np.zeros(count, bool)
        if self._flip:
            mirrored = uniforms(self._seed, first, count, self._sub, FLIP) < 0.5
        return indices, mirrored
