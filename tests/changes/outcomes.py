"""What is written down of every key: by people in keys.yml, by `python -m tests.changes` in outcomes.yml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_OUTCOMES, _KEYS = (Path(__file__).with_name(name) for name in ("outcomes.yml", "keys.yml"))
_HEAD = "# What a review says of an edit of every key: outcomes.py has the fields. Written by python -m tests.changes\n"
#: Path below `parameters`, keys with dots between them -> value.
Edit = Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What a review says of an edit of a key; outcomes.yml has these fields.

    `given` is the same on both sides, `edit` on the side of after alone. `only`: no object and no step is another one,
    and so "nothing" or "files" (such as the cluster's page) is all that changes. `refused`: "KIND NAME" of what no API
    server changes so, `first`: what to do about it; `restarts`: services, each with the manner; `steps`: those of the
    bootstrap, each with its machines and its level; `says`: rules of other verdicts, each with its level.
    """

    key: str
    cluster: str
    edit: Edit
    level: str
    given: Edit | None = None
    only: str = ""
    refused: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    restarts: Mapping[str, str] | None = None
    steps: Mapping[str, str] | None = None
    says: Mapping[str, str] | None = None

    def __str__(self) -> str:
        return self.key

    def written(self) -> dict[str, Any]:
        """As outcomes.yml has it: without what it has not."""
        found = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True)
class Said:
    """What keys.yml says of a key (or of all that begin with it): an edit, or the reason why there is none."""

    key: str
    cluster: str = "today"
    given: Edit | None = None
    edit: Edit | None = None
    none: str = ""


def said() -> list[Said]:
    """All of keys.yml. TypeError for a field that it does not know."""
    return [Said(**one) for one in yaml.load(_KEYS.read_text("utf-8"), yaml.CSafeLoader)]


def outcomes() -> list[Outcome]:
    """All of outcomes.yml."""
    return [Outcome(**_fields(one)) for one in yaml.load(_OUTCOMES.read_text("utf-8"), yaml.CSafeLoader)]


def _fields(one: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in one.items()}


def write(every: list[Outcome]) -> None:
    """Make them outcomes.yml."""
    text = yaml.safe_dump([one.written() for one in every], sort_keys=False, width=120, allow_unicode=True)
    _OUTCOMES.write_text(_HEAD + text, "utf-8")


def reason(key: str, every: list[Said]) -> str:
    """Why there is no edit of a key; nothing if there has to be one."""
    if any(one.key == key and one.edit is not None for one in every):
        return ""
    return next((one.none for one in every if one.none and f"{key}.".startswith((f"{one.key}.", f"{one.key}["))), "")
