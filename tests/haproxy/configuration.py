"""haproxy.cfg as sections of words, for tests."""

from __future__ import annotations

from dataclasses import dataclass

CONFIG = "haproxy.cfg"
SYSCTL = "99-dojot-haproxy.conf"
LIMITS = "haproxy.service.d-limits.conf"
_KINDS = {"global", "defaults", "frontend", "backend", "listen"}


@dataclass(frozen=True)
class Section:
    """One section: its kind, its name ("" for global and defaults) and its lines as words."""

    kind: str
    name: str
    lines: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".rstrip()

    def values(self, *keyword: str) -> list[tuple[str, ...]]:
        """What follows `keyword` on each line that begins with it."""
        size = len(keyword)
        return [line[size:] for line in self.lines if line[:size] == keyword]

    def value(self, *keyword: str) -> str:
        """The one word that follows `keyword`; an assertion fails if there is not exactly one."""
        found = self.values(*keyword)
        assert len(found) == 1 and found[0], f"{self}: {' '.join(keyword)} is there {len(found)} times"
        return found[0][0]

    def seconds(self, *keyword: str) -> int:
        value = self.value(*keyword)
        assert value.endswith("s") and value[:-1].isdigit(), f"{' '.join(keyword)} {value} is not in seconds"
        return int(value[:-1])


def sections(text: str) -> list[Section]:
    found: list[tuple[str, str, list[tuple[str, ...]]]] = []
    for line in text.splitlines():
        words = tuple(line.split("#")[0].split())
        if not words:
            continue
        if words[0] in _KINDS and not line[0].isspace():
            found.append((words[0], words[1] if len(words) > 1 else "", []))
        else:
            found[-1][2].append(words)
    return [Section(kind, name, tuple(lines)) for kind, name, lines in found]


def only(text: str, kind: str, name: str = "") -> Section:
    found = [section for section in sections(text) if (section.kind, section.name) == (kind, name)]
    assert len(found) == 1, f"{kind} {name} is there {len(found)} times"
    return found[0]


def settings(text: str) -> dict[str, str]:
    """`key = value` lines of a sysctl file or a systemd drop-in."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, value in pairs}
