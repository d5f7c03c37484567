"""Keys of trainings: those of Eigensweep that a worker meets, and a worker's own, declared beside its network."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional, Union

from .failures import Refusal

#: Stands for "the sweep must give it".
REQUIRED = object()

#: Eigensweep's keys with their defaults, as a worker of an architecture of its own meets them (docs/keys.md). Every spec has
#: these.
ALWAYS: dict[str, Any] = {
    "dataset.resolution": REQUIRED, "dataset.channels": REQUIRED, "dataset.size": REQUIRED, "dataset.part": REQUIRED,
    "dataset.subset_seed": REQUIRED, "dataset.held_out": REQUIRED, "dataset.flip": False,
    "model.architecture": REQUIRED, "model.scale": 16, "model.multipliers": [2, 2, 2], "model.blocks": 4,
    "model.attention": [16], "model.dropout": 0, "training.batch": 32, "training.learning_rate": 1e-3,
    "training.warmup_images": 0, "training.ema_half_life_images": 500_000, "training.ema_ramp": 0.05,
    "training.preconditioning": "edm", "training.sigma_data": 0.5, "training.noise": "lognormal",
    "training.noise_mean": -1.2, "training.noise_std": 1.2, "training.objective": "denoising", "training.augment": 0,
    "seed": REQUIRED,
}
#: A spec has these where they have another value than this one.
LATER: dict[str, Any] = {
    "dataset.order": "prepared", "dataset.split": "drawn", "model.layers": 21, "model.linear_first_layer": False,
    "model.receptive_field": 0, "model.weights": "none", "training.halving_images": 0, "training.noise_min": 0.02,
    "training.noise_max": 100, "training.noise_sigma": 0.5, "training.bank_copies": 4, "training.optimizer": "adam",
    "training.momentum": 0, "training.weight_decay": 0, "training.noises_per_image": 0,
}
#: These tell what the images are and who computes: they say nothing that a worker could leave undone.
IDENTITY = {
    "dataset.digest", "dataset.generator", "dataset.generator_version", "dataset.alpha", "dataset.count", "dataset.shuffle",
    "dataset.deduplicate", "dataset.skip_unreadable", "dataset.samples", "worker.name", "worker.numerics",
}
#: These are honoured by whoever takes its images from `eigensweep.subsets`.
HONOURED = {
    "dataset.resolution", "dataset.channels", "dataset.size", "dataset.part", "dataset.subset_seed", "dataset.held_out",
    "dataset.order", "dataset.split", "model.architecture", "seed",
}
#: Keys of sweep files that never reach a worker; a worker's own may not have their names either.
_ELSEWHERE = {
    "dataset.source", "dataset.held_out_source", "dataset.training_index", "training.images", "training.epochs", "training.steps",
}
OURS = {**ALWAYS, **LATER}

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\.[A-Za-z][A-Za-z0-9_]*")
_KINDS = {int: "integer", float: "number", bool: "flag", str: "text"}
_WORDS = {"integer": "an integer", "number": "a number", "flag": "true or false", "text": "text"}


@dataclass(frozen=True)
class Key:
    """A key of a worker's own: ``Key("model.patch", int, least=1, most=16, default=4, meaning="edge of a patch")``.

    ``type`` is int, float, bool or str, or a list of one of them for a key that takes lists (``[int]``), of which ``length``
    says how many elements they have, from and to. ``above`` and ``below`` are bounds that are no values themselves; of
    integers ``step`` says how far apart they lie, from ``least`` on. ``architectures`` names those that read the key where
    others do not. A default belongs to every trial that does not say otherwise, so it must never change.
    """

    key: str
    type: Union[type, Sequence[type]]
    default: Any
    meaning: str
    least: Optional[float] = None
    above: Optional[float] = None
    most: Optional[float] = None
    below: Optional[float] = None
    step: Optional[int] = None
    choices: Optional[Sequence[str]] = None
    length: tuple[int, int] = (1, 64)
    architectures: Optional[Sequence[str]] = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.key):
            raise ValueError(f"{self.key!r} is no name of a key: expected section.name, of letters, digits and _")
        if self.key in OURS or self.key in IDENTITY or self.key in _ELSEWHERE or self.key.startswith("worker."):
            raise ValueError(f"{self.key} is a key of Eigensweep; a worker's own needs another name")
        if self._element not in _KINDS:
            raise ValueError(f"{self.key}: expected the type int, float, bool, str or a list of one of them")
        fault = self.fault(self.default)
        if fault:
            raise ValueError(f"the default {self.default!r} of {self.key} is none of its values: expected {fault}")

    @property
    def is_list(self) -> bool:
        return not isinstance(self.type, type)

    @property
    def _element(self) -> Any:
        return self.type[0] if self.is_list else self.type  # type: ignore[index]

    @property
    def kind(self) -> str:
        return _KINDS[self._element]

    @property
    def expected(self) -> str:
        """Type and range in words."""
        if self.choices:
            words = "one of " + ", ".join(self.choices)
        else:
            bounds = [
                text.format(value) for text, value in (
                    ("at least {}", self.least), ("above {}", self.above), ("at most {}", self.most),
                    ("below {}", self.below), ("in steps of {}", self.step)) if value is not None]
            words = " ".join([_WORDS[self.kind], " and ".join(bounds)]).strip()
        return f"a list of {self.length[0]} to {self.length[1]}, each {words}" if self.is_list else words

    def fault(self, value: Any) -> Optional[str]:
        """What was expected where the value is none of this key; None where it is one."""
        if self.is_list:
            fine = isinstance(value, (list, tuple)) and self.length[0] <= len(value) <= self.length[1]
            return None if fine and all(self._admits(one) for one in value) else self.expected
        return None if self._admits(value) else self.expected

    def _admits(self, value: Any) -> bool:
        kind = self.kind
        if kind == "flag":
            return isinstance(value, bool)
        if kind == "text":
            return isinstance(value, str) and (not self.choices or value in self.choices)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return False
        if kind == "integer" and value != int(value):
            return False
        if self.step is not None and (value - (self.least or 0)) % self.step:
            return False
        return not (
            self.least is not None and value < self.least or self.above is not None and value <= self.above
            or self.most is not None and value > self.most or self.below is not None and value >= self.below)

    def read(self, value: Any) -> Any:
        """The value with the key's type; Refusal where it is none of its values."""
        fault = self.fault(value)
        if fault:
            raise Refusal(f"{self.key} is {value!r}: expected {fault}")
        return [self._element(one) for one in value] if self.is_list else self._element(value)

    def declaration(self) -> dict[str, Any]:
        """The key as `describe` has it."""
        fields: dict[str, Any] = {"key": self.key, "kind": self.kind}
        if self.is_list:
            fields["list"] = {"least": self.length[0], "most": self.length[1]}
        for name in ("least", "above", "most", "below", "step", "choices"):
            value = getattr(self, name)
            if value is not None:
                fields[name] = list(value) if name == "choices" else value
        fields["default"] = list(self.default) if self.is_list else self.default
        fields["meaning"] = self.meaning
        if self.architectures is not None:
            fields["architectures"] = list(self.architectures)
        return fields


class Spec(Mapping[str, Any]):
    """The keys of a training by name, checked: ``spec["model.patch"]``. Later keys of Eigensweep have their defaults."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __getitem__(self, key: str) -> Any:
        if key in self._values:
            return self._values[key]
        if key in LATER:
            return LATER[key]
        if key in OURS:
            raise Refusal(f"the job's spec lacks {key}")
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def architecture(self) -> str:
        return self["model.architecture"]

    @property
    def resolution(self) -> int:
        """Edge of the images in pixels."""
        return int(self["dataset.resolution"])

    @property
    def channels(self) -> int:
        """1 for grey, 3 for colour."""
        return int(self["dataset.channels"])

    @property
    def shape(self) -> tuple[int, int, int]:
        """[C, H, W] of an image."""
        return self.channels, self.resolution, self.resolution

    @property
    def seed(self) -> int:
        return int(self["seed"])

    @property
    def part(self) -> tuple[int, int]:
        """Which of how many disjoint parts the images come from, from 0."""
        part = self["dataset.part"]
        return int(part["index"]), int(part["of"])


def check(
    values: Mapping[str, Any], keys: Sequence[Key], reads: Sequence[str], architectures: Sequence[str], contract: int
) -> Spec:
    """The spec of a job, or Refusal that names the key which is unknown, missing, out of range or not honoured.

    A key that is silently ignored would make two names for one result: so every key is one of Eigensweep's that is honoured or
    has its default, or one of the worker's own that this architecture reads.
    """
    architecture = values.get("model.architecture")
    if architecture not in architectures:
        raise Refusal(f"model.architecture is {architecture}: this worker has {', '.join(architectures)}")
    own = {key.key: key for key in keys}
    here = {name: key for name, key in own.items() if key.architectures is None or architecture in key.architectures}
    read: dict[str, Any] = {}
    for name in sorted(values):
        value = values[name]
        if name in here:
            read[name] = here[name].read(value)
        elif name in own:
            raise Refusal(f"{name} is read by {', '.join(own[name].architectures or ())} only, not by {architecture}")
        elif name in OURS:
            if name not in HONOURED and name not in reads and value != OURS[name]:
                raise Refusal(f"{name} is {value!r}, and this worker does not read it: expected {OURS[name]!r}")
            read[name] = value
        elif name in IDENTITY:
            read[name] = value
        else:
            raise Refusal(f"this worker does not know the key {name}")
    for name in sorted(set(here) - set(read)):
        # Contract 1 has no keys of a worker's own: there all of them have their defaults.
        if contract >= 2:
            raise Refusal(f"the job's spec lacks {name}: expected {here[name].expected}")
        read[name] = here[name].read(here[name].default)
    missing = sorted(name for name, default in ALWAYS.items() if name not in read and (default is REQUIRED or name in reads))
    if missing:
        raise Refusal(f"the job's spec lacks {missing[0]}")
    return Spec(read)
