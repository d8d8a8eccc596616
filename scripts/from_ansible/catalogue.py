"""variables.yml and deployment.yml: what is known of the reference deployment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
# The default of every image's tag.
VERSION = "{{ dojot_version }}"


@dataclass(frozen=True)
class Variable:
    """One entry; the keys are described in variables.yml."""

    name: str
    section: str
    default: object = None
    mandatory: bool = False
    type: str = "text"
    home: tuple[str, ...] = ()
    image: str = ""
    when: str = ""
    adds: str = ""
    takes_out: str = ""
    rule: str = ""
    secret: tuple[str, ...] = ()
    none: str = ""
    harmless: bool = False
    keep: str = ""
    says: str = ""


@cache
def variables() -> dict[str, Variable]:
    """Name -> Variable, in the order of the file."""
    sections = yaml.safe_load((HERE / "variables.yml").read_text("utf-8"))
    return {
        name: _variable(name, section, entry)
        for section, entries in sections.items()
        for name, entry in entries.items()
    }


@cache
def maps() -> frozenset[str]:
    """Names under which further keys are variables: dojot_nodeports, dojot_nodeports.lwm2m."""
    parts = [name.split(".") for name in variables()]
    return frozenset(".".join(part[:length]) for part in parts for length in range(1, len(part)))


@cache
def deployment() -> dict[str, Any]:
    """Tags, classes and lists, as deployment.yml has them."""
    found: dict[str, Any] = yaml.safe_load((HERE / "deployment.yml").read_text("utf-8"))
    return found


def _variable(name: str, section: str, entry: dict[str, Any]) -> Variable:
    entry = dict(entry)
    home = entry.pop("home", ())
    if "image" in entry:
        home = f"release.images.{entry['image']}"
        entry.setdefault("default", VERSION)
    return Variable(
        name=name,
        section=section,
        adds=entry.pop("class", ""),
        secret=tuple(entry.pop("secret", ())),
        home=(home,) if isinstance(home, str) else tuple(home),
        **entry,
    )
