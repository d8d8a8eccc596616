"""Numbers, sizes, times and names as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from components.cluster.placement import Share

_BINARY = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))

# Keeps a number and its unit on one line.
_FIXED_SPACE = "\N{NO-BREAK SPACE}"

#: More neighbours than this are told as first, last and how many.
_SPELT_OUT = 4


def count(number: float) -> str:
    """With thousands separators; one decimal place below 100 unless whole."""
    if number != int(number) and abs(number) < 100:
        return f"{number:,.1f}"
    return f"{number:,.0f}"


def amount(number: int) -> str:
    """Bytes in the largest fitting binary unit, one decimal place unless whole."""
    for factor, unit in _BINARY:
        if number >= factor:
            return f"{number / factor:,.1f}".removesuffix(".0") + _FIXED_SPACE + unit
    return f"{number:,}{_FIXED_SPACE}B"


def seconds(number: float) -> str:
    """1500 -> "1,500 s (25 min)"; below two minutes just the seconds."""
    text = f"{count(number)} s"
    if number < 120:
        return text
    return f"{text} ({_minutes(number)})"


def _minutes(number: float) -> str:
    return f"{number / 60:,.1f}".removesuffix(".0") + " min"


def plural(number: int, noun: str) -> str:
    """1 node, 2 nodes."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def pods(share: Share, name: str) -> str:
    """The name of what runs on a node, with the number of its pods unless that is 1 for certain."""
    if not share.exact:
        return f"up to {count(share.pods)} × {name}"
    return name if share.pods == 1 else f"{count(share.pods)} × {name}"


def node_port(number: int | None) -> str:
    return "chosen by Kubernetes" if number is None else str(number)


def names(found: Sequence[str]) -> str:
    """A short list in full; of a long one the first, the last and the number."""
    if len(found) <= _SPELT_OUT:
        return ", ".join(found)
    return f"{found[0]} … {found[-1]} ({count(len(found))})"
