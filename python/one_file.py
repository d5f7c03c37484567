#!/usr/bin/env python3
"""Prints the whole package as one file, eigensweep.py, as the coordinator puts it beside a worker on a host.

The file is this text with the sources of eigensweep/*.py as a JSON object in base64 at its place: importing it defines the modules
`eigensweep`, `eigensweep.worker` and so on.
"""
import base64
import json
from pathlib import Path

TEMPLATE = '''\
"""The Python package of Eigensweep in one file, for workers on hosts; made by the coordinator."""
import base64
import importlib.abc
import importlib.util
import json
import sys

_TEXTS = json.loads(base64.b64decode("@TEXTS@"))


class _Modules(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    def find_spec(self, name, path=None, target=None):
        package, _, module = name.partition(".")
        return importlib.util.spec_from_loader(name, self) if package == __name__ and module in _TEXTS else None

    def get_source(self, name):
        return _TEXTS[name.partition(".")[2]]

    def get_filename(self, name):
        return f"{__file__}:{name.partition('.')[2]}.py"

    def get_code(self, name):
        return compile(self.get_source(name), self.get_filename(name), "exec", dont_inherit=True)

    def is_package(self, name):
        return False


__path__ = []
sys.meta_path.insert(0, _Modules())
exec(compile(_TEXTS["__init__"], f"{__file__}:__init__.py", "exec", dont_inherit=True), globals())
'''


def one_file() -> str:
    folder = Path(__file__).with_name("eigensweep")
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))}
    return TEMPLATE.replace("@TEXTS@", base64.b64encode(json.dumps(texts).encode()).decode())


if __name__ == "__main__":
    print(one_file(), end="")
