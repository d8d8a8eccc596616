"""A look, told: a table for people, lines where nobody watches, and what has changed since the last one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .finding import Finding, Look


def tell(look: Look, console: Console, order: Sequence[str]) -> None:
    """`order` are the places, in which order they come; findings of no such place come last."""
    for note in look.notes:
        _line(console, f"note: {note}")
    if not look.findings:
        _line(console, f"nothing found: {look.cluster} is as {look.commit[:12]} says ({_words(look)})")
        return
    found = sorted(look.findings, key=lambda each: order.index(each.where) if each.where in order else len(order))
    if console.is_terminal:
        console.print(_table(found))
    else:
        for each in found:
            _line(console, line(each))
    _line(console, f"{len(found)} findings ({_words(look)})")


def tell_changes(before: Look, look: Look, console: Console) -> None:
    """Of a second look, what is new and what is gone; nothing where nothing is."""
    new, gone = changes(before, look)
    clock = time.strftime("%H:%M:%S", time.localtime(look.at))
    for word, findings in (("new", new), ("gone", gone)):
        for each in findings:
            _line(console, f"{clock} {word}: {line(each)}")


def changes(before: Look, look: Look) -> tuple[list[Finding], list[Finding]]:
    """What is new, and what is gone. What is wrong may be said otherwise each time, such as an age."""
    old, now = ({(each.where, each.what): each for each in one.findings} for one in (before, look))
    return [now[key] for key in now if key not in old], [old[key] for key in old if key not in now]


def line(finding: Finding) -> str:
    return f"{finding.where}: {finding.what}: {finding.wrong}. To do: {finding.do}"


def _words(look: Look) -> str:
    return f"{', '.join(look.looked)}; {look.seconds:.0f} s"


def _table(found: Sequence[Finding]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title, share in (("", None), ("what", 3), ("what is wrong", 4), ("what to do", 4)):
        table.add_column(title, ratio=share, overflow="fold")
    for place, each in _places(found):
        table.add_row(
            Text(place, style="bold"), Text(each.what), Text(each.wrong, style="red"), Text(each.do, style="dim")
        )
    return table


def _places(found: Sequence[Finding]) -> Iterator[tuple[str, Finding]]:
    """Each place once."""
    before = ""
    for each in found:
        yield ("" if each.where == before else each.where), each
        before = each.where


def _line(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
