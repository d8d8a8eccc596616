"""All clusters on one page, of what each has said of itself (summary.py)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from components.render import template

from .markdown import code, codes, row, tidy
from .marks import FLEET, FORMAT
from .words import count, names, plural

_TEMPLATE = Path(__file__).parent / "fleet.md.j2"
# More rows of one key are summed up, and so are more clusters of one row.
_TOLD = 12

#: Key -> value -> clusters that have it.
Differences = Mapping[str, Mapping[str, Sequence[str]]]


def page(summaries: Mapping[str, bytes], differences: Differences | None) -> bytes:
    """Markdown. Cluster -> its summary; without `differences` nobody has compared the clusters.

    A summary of another form, or one that somebody has spoilt, is left out until its cluster is compiled again.
    """
    clusters = [found for each in summaries.values() if (found := _facts(each))]
    text = template(
        _TEMPLATE,
        mark=FLEET,
        clusters=clusters,
        programs=_programs(clusters),
        differences=None if differences is None else _rows(differences),
        owned=_owned,
        **{each.__name__: each for each in (code, count, plural, row)},
    )
    return tidy(text).encode()


def _facts(summary: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(summary)
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.get("format") == FORMAT else None


def _programs(clusters: Iterable[dict[str, Any]]) -> list[tuple[str, str, str, list[str]]]:
    """Program, version, end of support, and its clusters; one row a version, part by part, the newest first."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for cluster in clusters:
        for part, about in cluster["platform"].items():
            key = (part, about["name"], about["version"], about["supported_until"] or "")
            found.setdefault(key, []).append(cluster["cluster"])
    parts = list(dict.fromkeys(part for part, *_ in found))
    newest = sorted(found.items(), key=lambda each: (each[0][1], _numbers(each[0][2])), reverse=True)
    return [(*key[1:], owners) for key, owners in sorted(newest, key=lambda each: parts.index(each[0][0]))]


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.removeprefix("v").split(".") if part.isdigit()]


def _owned(owners: Sequence[str]) -> str:
    return ", ".join(owners) if len(owners) <= _TOLD else names(owners)


def _rows(differences: Differences) -> list[tuple[str, str, str]]:
    """Key, values and clusters: a row for what the same clusters have, or one alone where they are very many."""
    found = []
    for key, values in differences.items():
        rows: dict[tuple[str, ...], list[str]] = {}
        for value, owners in values.items():
            rows.setdefault(tuple(owners), []).append(value)
        if len(rows) > _TOLD:
            found.append((code(key), f"{len(values)} different ones", ""))
        else:
            found += [(code(key), codes(several), _owned(owners)) for owners, several in rows.items()]
    return found
