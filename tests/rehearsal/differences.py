"""What a rehearsal has otherwise than production: differences.yml."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def differences() -> dict[str, dict[str, Any]]:
    """Name -> what, why, hides and the settings of each."""
    return yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))


def told() -> Iterator[str]:
    """The list as people read it."""
    for one in differences().values():
        yield f"- {one['what']} {one['why']}\n  Hides: {one['hides']}."
