"""Files of a worker: safetensors, digests, and files that appear whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO, Optional

import numpy as np

_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1", "U8": "|u1",
    "U16": "<u2", "U32": "<u4", "U64": "<u8", "BOOL": "|b1",
}
_NAMES = {np.dtype(text): name for name, text in _DTYPES.items()}
#: A header longer than this is damaged.
_LONGEST_HEADER = 100 << 20


class Damaged(Exception):
    """The file is not what it says it is."""


def encode(tensors: Mapping[str, Any], metadata: Optional[Mapping[str, str]] = None) -> bytes:
    """The safetensors file of arrays by name. Equal arrays in the same order give equal bytes."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    parts, end = [], 0
    for name, value in tensors.items():
        array = np.ascontiguousarray(value).reshape(np.shape(value))
        kind = _NAMES.get(array.dtype.newbyteorder("<"))
        if kind is None:
            raise TypeError(f"{name} is an array of {array.dtype}, which safetensors does not have")
        data = array.astype(_DTYPES[kind], copy=False).tobytes()
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [end, end + len(data)]}
        parts.append(data)
        end += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([struct.pack("<Q", len(text)), text, *parts])


def header(file: BinaryIO, size: int) -> tuple[dict[str, Any], dict[str, str], int]:
    """Tensors and metadata of an open safetensors file of so many bytes, and where the data begin; or Damaged."""
    prefix = file.read(8)
    if len(prefix) < 8:
        raise Damaged(f"it has {size} bytes, not even a header")
    length = struct.unpack("<Q", prefix)[0]
    if length > min(_LONGEST_HEADER, size - 8):
        raise Damaged(f"its header's length of {length} is absurd")
    try:
        parsed = json.loads(file.read(length))
        metadata = parsed.pop("__metadata__", {})
        for name, entry in parsed.items():
            first, last = entry["data_offsets"]
            count = 1
            for edge in entry["shape"]:
                count *= edge
            if entry["dtype"] != "BF16" and entry["dtype"] not in _DTYPES:
                raise Damaged(f"{name} has the unknown type {entry['dtype']}")
            width = 2 if entry["dtype"] == "BF16" else np.dtype(_DTYPES[entry["dtype"]]).itemsize
            if min(entry["shape"], default=0) < 0 or not 0 <= first <= last <= size - 8 - length \
                    or last - first != count * width:
                raise Damaged(f"{name} has the shape {entry['shape']}, but bytes {first} to {last}")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Damaged("its header does not describe tensors") from None
    return parsed, metadata, 8 + length


def decode(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Arrays by name and metadata of a safetensors file; BF16 becomes float32. Damaged where it is none."""
    import io

    tensors, metadata, start = header(io.BytesIO(data), len(data))
    arrays = {}
    for name, entry in tensors.items():
        first, last = (start + place for place in entry["data_offsets"])
        if entry["dtype"] == "BF16":
            wide = np.frombuffer(data[first:last], "<u2").astype("<u4") << 16
            arrays[name] = wide.view("<f4").reshape(entry["shape"])
        else:
            arrays[name] = np.frombuffer(data[first:last], _DTYPES[entry["dtype"]]).reshape(entry["shape"]).copy()
    return arrays, metadata


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def digest_of_file(file: BinaryIO) -> str:
    hash = hashlib.sha256()
    while chunk := file.read(1 << 20):
        hash.update(chunk)
    return hash.hexdigest()


def write_whole(name: str, chunks: Iterable[bytes]) -> dict[str, Any]:
    """Writes a file in the working directory that appears whole or not at all, also when the machine stops; and names it as
    events do: ``{"path", "digest", "bytes"}``."""
    partial = f".{name}.partial"
    hash, size = hashlib.sha256(), 0
    try:
        with open(partial, "wb", buffering=0) as file:
            for chunk in chunks:
                view = memoryview(chunk)
                hash.update(view)
                size += len(view)
                while len(view):
                    view = view[file.write(view):]
            os.fsync(file.fileno())
        os.rename(partial, name)
        folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except BaseException:
        try:
            os.unlink(partial)
        except OSError:
            pass
        raise
    return {"path": name, "digest": hash.hexdigest(), "bytes": size}
