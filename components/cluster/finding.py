"""What is wrong with an inventory, in an operator's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Sequence

Path = tuple[str, ...]
Origin = Callable[[Path], str]


@dataclass(frozen=True)
class Finding:
    """One reason why an inventory is refused.

    `path` leads to the key (or to the nearest one there is), `value` is what
    stands there (None: nothing does), `rule` says what is broken, `way_out` what
    to do.
    """

    path: Path
    value: Any
    rule: str
    way_out: str

    def text(self, origin: Origin) -> str:
        """The line for people: file, key, value, rule, way out."""
        key = ".".join(self.path) or "(top level)"
        shown = "" if self.value is None else f" = {_short(self.value)}"
        end = "" if self.way_out.endswith("?") else "."
        return f"{origin(self.path)}: {key}{shown}: {self.rule}. {self.way_out}{end}"


class InvalidInventory(Exception):
    """The inventory breaks rules; `findings` holds every one of them."""

    def __init__(self, findings: Sequence[Finding], origin: Origin):
        self.findings = tuple(findings)
        self.lines = tuple(finding.text(origin) for finding in findings)
        super().__init__("\n".join(self.lines))


def _short(value: Any) -> str:
    text = repr(value) if isinstance(value, str) and not value.strip() else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
