"""What is wrong with an inventory, in an operator's words."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

Path = tuple[str, ...]
#: From a parameter's path to "FILE:LINE" (see origin.Origin).
Where = Callable[[Path], str]
# Longer values are cut in the middle of a message.
_LONGEST_VALUE = 60


class AsWritten(str):
    """A value in the very characters of its file, where reading has changed them: 1.10 is 1.1 to YAML."""


@dataclass(frozen=True)
class Finding:
    """One reason why an inventory is refused.

    `path` leads to the key (or to the nearest one there is), `value` is what
    stands there (None: nothing does), `rule` says what is broken, `way_out` what
    to do. `by` is the name of the rule in the code, by which people can look it up.
    `of_key`: the key is wrong, so it is told there even where its value comes from elsewhere.
    """

    path: Path
    value: Any
    rule: str
    way_out: str
    by: str = ""
    of_key: bool = False

    def text(self, where: Where) -> str:
        """The line for people: file, key, value, rule, way out, and the rule's name."""
        key = _visible(".".join(self.path)) or "(top level)"
        shown = "" if self.value is None else f" = {_short(self.value)}"
        end = "" if self.way_out.endswith("?") else "."
        by = f" [{self.by}]" if self.by else ""
        return f"{where(self.path)}: {key}{shown}: {self.rule}. {self.way_out}{end}{by}"


class InvalidInventory(Exception):
    """The inventory breaks rules; `findings` holds every one of them.

    `missing` are parameters that would mend some of it: machines with what they have to have.
    """

    def __init__(self, findings: Sequence[Finding], where: Where, missing: Mapping[str, Any] | None = None):
        self.findings = tuple(findings)
        self.missing = missing or {}
        self.lines = tuple(dict.fromkeys(finding.text(where) for finding in findings))
        super().__init__("\n".join(self.lines))

    @property
    def paste(self) -> str:
        """`missing` as YAML, a machine a line; empty where nothing is."""
        return yaml.safe_dump(dict(self.missing), default_flow_style=None, sort_keys=False) if self.missing else ""


def near(word: str, known: Collection[str]) -> str | None:
    """The known word that `word` was probably meant to be."""
    return next(iter(difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)), None)


def suggest(word: str, known: Collection[str]) -> str:
    """The way out for a word that is none of the known ones."""
    if guess := near(word, known):
        return f"Did you mean {guess}?"
    return f"Use one of: {', '.join(sorted(known))}" if known else "Take it out"


def listed(names: Collection[str]) -> str:
    """ "a, b and c"."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _short(value: Any) -> str:
    text = _written(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."


def _written(value: Any) -> str:
    """A value as YAML has it, with quotes only where they make a difference."""
    if isinstance(value, AsWritten):
        return value
    if isinstance(value, str):
        if (visible := _visible(value)) != value:
            return visible
        try:
            plain = yaml.safe_load(value) == value
        except yaml.YAMLError:
            plain = True
        return value if plain else f"'{value}'"
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
    return " ".join(text.removesuffix("...\n").split())


def _visible(text: str) -> str:
    """`text`, as YAML has it in double quotes if some of its characters cannot be seen."""
    return text if text.isprintable() else json.dumps(text)
