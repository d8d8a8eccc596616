"""What the conversion has to say: findings, which a person has to settle, and notes."""

from __future__ import annotations

from dataclasses import dataclass, field

from components.inventory.finding import AsWritten, Finding


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
    """As the compiler says it; a note may have no way out."""
    shown = AsWritten(" ".join(value.split())) if isinstance(value, str) else value
    line = Finding((key,), shown, meaning, way_out).text(lambda _: place)
    return line if way_out else line.removesuffix(" .")
