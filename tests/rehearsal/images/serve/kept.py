"""What a server of an image keeps in PostgreSQL, where the image's own program keeps it."""

from __future__ import annotations

import json
import subprocess
from typing import Any

_PROGRAM = "/opt/stand-in/bin/stand-in"


def get(name: str, otherwise: Any) -> Any:
    """The value of a name, or `otherwise`; CalledProcessError where the database does not answer."""
    text = subprocess.run([_PROGRAM, "store", "get", name], stdout=subprocess.PIPE, check=True, text=True).stdout
    return json.loads(text) if text else otherwise


def put(name: str, value: Any) -> None:
    subprocess.run([_PROGRAM, "store", "put", name], input=json.dumps(value), check=True, text=True)
