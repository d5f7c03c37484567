"""Networks of your own in Eigensweep's sweeps, and its results in a notebook.

    eigensweep.worker   what speaks the job contract (docs/job-contract.md), for any framework
    eigensweep.edm      training, preconditioning and sampling of EDM for networks in PyTorch
    eigensweep.results  reads a catalogue: ``eigensweep.open("results/catalogue.sqlite")``

Importing this module imports nothing else: a worker on a host needs numpy, a notebook SQLite beside it, and
``eigensweep.edm`` PyTorch.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

#: What is asked of the package itself, and the module that has it.
_HOMES = {
    "open": "results", "Catalogue": "results", "Key": "keys", "Measure": "measures", "Parameter": "measures",
    "Quantity": "measures", "Row": "measures", "Refusal": "failures", "Diverged": "failures",
}
_MODULES = {
    "contract", "edm", "events", "failures", "files", "grids", "keys", "measures", "results", "sampling", "serving",
    "subsets", "tables", "worker",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({"__version__", *_HOMES, *_MODULES})
