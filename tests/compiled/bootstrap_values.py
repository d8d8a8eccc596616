"""The generated values of a compiled bootstrap.sh, read as bash would read them."""

from __future__ import annotations

import re
import shlex

SCRIPT = "bootstrap/bootstrap.sh"


def table(files: dict[str, str], name: str) -> list[list[str]]:
    """The rows of an array, split into their columns; KeyError where the script has no such array."""
    found = re.search(rf"^readonly {name}=\((.*?)^\)", files[SCRIPT], re.MULTILINE | re.DOTALL)
    if found is None:
        raise KeyError(f"{SCRIPT} has no array {name}")
    return [row.split("|") for row in shlex.split(found.group(1))]


def scalar(files: dict[str, str], name: str) -> str:
    """One value; KeyError where the script has none of this name."""
    found = re.search(rf"^readonly {name}=(.*)$", files[SCRIPT], re.MULTILINE)
    if found is None:
        raise KeyError(f"{SCRIPT} has no value {name}")
    return "".join(shlex.split(found.group(1)))
