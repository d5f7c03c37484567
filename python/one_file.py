#!/usr/bin/env python3
"""Prints the whole package as one file, eigensweep.py, as the coordinator puts it beside a worker on a host.

The file is one_file.template with the sources of eigensweep/*.py as a JSON object in base64 at its place: importing it defines
the modules `eigensweep`, `eigensweep.worker` and so on.
"""
import base64
import json
from pathlib import Path


def one_file() -> str:
    folder = Path(__file__).with_name("eigensweep")
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))}
    template = Path(__file__).with_name("one_file.template").read_text(encoding="utf-8")
    return template.replace("@TEXTS@", base64.b64encode(json.dumps(texts).encode()).decode())


if __name__ == "__main__":
    print(one_file(), end="")
