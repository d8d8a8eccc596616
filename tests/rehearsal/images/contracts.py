"""The contract of an image (inventory/contracts), as the stand-in in it reads it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[3] / "inventory" / "contracts"


@cache
def contract(name: str) -> Mapping[str, Any]:
    """What is known of an image, by its name without registry and tag; {} where nothing is."""
    path = FOLDER / f"{name}.yml"
    if not path.is_file():
        return {}
    found = yaml.safe_load(path.read_text("utf-8")) or {}
    return _over(contract(found["like"]), found) if "like" in found else found


def _over(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """Maps merged, lists appended; what is neither is the upper's."""
    found = dict(lower)
    for key, value in upper.items():
        if isinstance(value, dict) and isinstance(found.get(key), dict):
            found[key] = _over(found[key], value)
        elif isinstance(value, list) and isinstance(found.get(key), list):
            found[key] = [*found[key], *value]
        else:
            found[key] = value
    return found


def for_stand_in(name: str) -> dict[str, Any]:
    """The contract as JSON for the program in the image: its fields are those of contract.go."""
    found = contract(name)
    variables = {
        variable: {"form": said} if isinstance(said, str) else said
        for file in found.get("variables", {}).values()
        for variable, said in file.items()
    }
    who = found.get("user", {})
    others = who.get("others", "any")
    return {
        "image": name,
        "users": [] if others == "any" else [who["own"], *others],
        "homes": {str(user): home for user, home in found.get("homes", {}).items()},
        "writes": [_write(write) for write in found.get("writes", ())],
        "opens": [dict(opened) for opened in found.get("opens") or ()],
        "variables": variables,
        "calls": list(found.get("calls", ())),
        "ignores": [signal for signal, what in found.get("signals", {}).items() if what == "ignores"],
    }


def _write(write: Mapping[str, Any]) -> dict[str, Any]:
    growth = write.get("growth") or {"bytes": 1, "per": "minute"}
    return {**write, "grows": growth if write.get("grows") else None}
