"""Measures that a worker brings itself, with their parameters and quantities, as `describe` declares them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional, Union


@dataclass(frozen=True)
class Parameter:
    """A parameter of a measure. Its kind is that of its default: int, float, bool, str, or a list of one of them."""

    name: str
    default: Any
    meaning: str
    least: Optional[float] = None
    above: Optional[float] = None
    most: Optional[float] = None
    below: Optional[float] = None
    choices: Optional[Sequence[str]] = None

    def declaration(self) -> dict[str, Any]:
        one = self.default[0] if isinstance(self.default, (list, tuple)) else self.default
        kind = (
            "flag" if isinstance(one, bool) else "integer" if isinstance(one, int) else "number"
            if isinstance(one, float) else "text")
        fields: dict[str, Any] = {"name": self.name, "kind": kind, "meaning": self.meaning}
        if isinstance(self.default, (list, tuple)):
            fields["list"] = {"least": 1, "distinct": True}
        for name in ("least", "above", "most", "below"):
            if getattr(self, name) is not None:
                fields[name] = getattr(self, name)
        if self.choices is not None:
            fields["choices"] = list(self.choices)
        return fields


@dataclass(frozen=True)
class Quantity:
    """A number that a measure gives, as tables and intervals are made by it (docs/job-contract.md, `quantities`)."""

    name: str
    kind: str = "mean"
    fact: str = "network"
    unit: Optional[str] = None
    by_sigma: bool = False
    position: Optional[str] = None
    needs: Sequence[str] = ()

    def declaration(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"name": self.name, "kind": self.kind, "fact": self.fact}
        if self.unit is not None:
            fields["unit"] = self.unit
        if self.by_sigma:
            fields["bySigma"] = True
        if self.position is not None:
            fields["position"] = self.position
        if self.needs:
            fields["needs"] = list(self.needs)
        return fields


@dataclass(frozen=True)
class Row:
    """A measured number. A value that is None, or not finite, stands for "undefined"."""

    quantity: str
    value: Optional[float] = None
    sigma: Optional[float] = None
    position: Optional[int] = None
    n: Optional[int] = None
    stderr: Optional[float] = None

    def fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"quantity": self.quantity}
        for name, convert in (("value", float), ("sigma", float), ("position", int), ("n", int), ("stderr", float)):
            value = getattr(self, name)
            # JSON has no NaN and no infinity; `x - x` is 0 of all other numbers.
            if value is not None and value - value == 0:
                fields[name] = convert(value)
        return fields


@dataclass(frozen=True)
class Measure:
    """A measure that a worker takes of averaged weights: ``take`` gets a `Measuring` and gives its rows.

    ``version`` rises when values change. ``samples`` says that it draws samples, which networks for one noise level cannot.
    """

    name: str
    take: Callable[["Measuring"], Iterable[Row]]
    version: int = 1
    parameters: Sequence[Parameter] = ()
    quantities: Sequence[Quantity] = ()
    samples: bool = False

    def request(self) -> dict[str, Any]:
        return {
            "measure": self.name, "version": self.version,
            "parameters": {parameter.name: parameter.default for parameter in self.parameters}}


@dataclass
class Measuring:
    """What a measure has to go by."""

    #: The keys of the training, and the parameters that are asked for.
    spec: Any
    parameters: Mapping[str, Any]
    #: The network with its averaged weights, as `Worker.denoiser` made it.
    denoiser: Any
    #: The images: `images.training` and `images.held_out`, [N, C, H, W] in [−1, 1].
    images: Any
    #: To be called now and then: it tells that the job is alive, and ends it where that is asked for.
    beat: Callable[[], None] = lambda: None
    artifacts: list[tuple[str, str, bytes]] = field(default_factory=list)

    def keep(self, name: str, content: Union[bytes, Mapping[str, Any]], media_type: str = "application/octet-stream") -> None:
        """Keeps a file for people: bytes, or arrays by name, which become safetensors."""
        if not isinstance(content, (bytes, bytearray)):
            from . import files
            content = files.encode(content)
        self.artifacts.append((name, media_type, bytes(content)))
