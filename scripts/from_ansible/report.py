"""What the conversion has to say: findings, which a person has to settle, and notes."""

from __future__ import annotations

from dataclasses import dataclass, field

_LONGEST_VALUE = 60


@dataclass
class Report:
    """Lines for people, in the order in which they were found, each once.

    `refusals` are the compiler's findings about the target that was made.
    """

    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def finding(self, place: str, key: str, meaning: str, way_out: str, value: object = None) -> None:
        self._add(self.findings, _line(place, key, value, meaning, way_out))

    def note(self, place: str, key: str, meaning: str, way_out: str = "", value: object = None) -> None:
        self._add(self.notes, _line(place, key, value, meaning, way_out))

    @staticmethod
    def _add(lines: list[str], line: str) -> None:
        if line not in lines:
            lines.append(line)


def _line(place: str, key: str, value: object, meaning: str, way_out: str) -> str:
    """file, key, value, what it means, the way out."""
    shown = "" if value is None else f" = {short(value)}"
    return f"{place}: {key}{shown}: {meaning}" + (f". {way_out}" if way_out else "")


def short(value: object) -> str:
    text = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
    line = " ".join(str(text).split())
    return line if len(line) <= _LONGEST_VALUE else line[: _LONGEST_VALUE - 3] + "..."
