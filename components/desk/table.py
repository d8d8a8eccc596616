"""What a person sees while tasks run: a table of hosts and steps where there is a terminal, else a line each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .progress import Board, Progress, State

_STYLES = {
    State.RUNNING: "bold cyan",
    State.HELD: "yellow",
    State.DONE: "green",
    State.SKIPPED: "dim",
    State.WOULD: "magenta",
    State.FAILED: "bold red",
    State.LEFT: "dim red",
}
#: Characters of a column: a word and a time.
_COLUMN = 12


@contextmanager
def shown(board: Board, console: Console) -> Iterator[None]:
    """Show it as long as the context lasts, and how it ended."""
    if not console.is_terminal:
        began = time.monotonic()
        board.tell = lambda progress: _line(progress, began, console)
        yield
        return
    with Live(get_renderable=lambda: table(board, console.width), console=console, refresh_per_second=4):
        yield


def table(board: Board, width: int) -> Table:
    """Hosts × steps; on a narrow terminal what each host is at."""
    steps = list(dict.fromkeys(task.step.name for task in board.tasks))
    hosts = list(dict.fromkeys(task.host.name for task in board.tasks))
    names = max((len(name) for name in hosts), default=0)
    if names + len(steps) * _COLUMN > width:
        return _narrow(board, hosts)
    found = Table(box=None, pad_edge=False)
    for title in ("", *steps):
        found.add_column(title, no_wrap=True)
    for host in hosts:
        cells = (board.found.get((step, host)) for step in steps)
        found.add_row(host, *(_cell(each) if each else Text() for each in cells))
    return found


def _narrow(board: Board, hosts: list[str]) -> Table:
    found = Table(box=None, pad_edge=False)
    for title in ("", "step", "", ""):
        found.add_column(title, no_wrap=True)
    for host in hosts:
        own = [each for each in board.found.values() if each.task.host.name == host]
        begun = [each for each in own if each.state is not State.WAITING]
        at = next((each for each in own if each.state in (State.RUNNING, State.HELD, State.FAILED)), (begun or own)[-1])
        found.add_row(host, at.task.step.name, _cell(at), Text(at.words, style="dim"))
    return found


def _cell(progress: Progress) -> Text:
    if progress.state is State.WAITING:
        return Text("·", style="dim")
    spent = f" {progress.so_far:.0f}s" if progress.state not in (State.SKIPPED, State.LEFT) else ""
    return Text(f"{progress.state.value}{spent}", style=_STYLES[progress.state])


def _line(progress: Progress, began: float, console: Console) -> None:
    """Where nobody watches: beginnings and ends, and what holds a task up."""
    if progress.state is State.RUNNING and progress.words:
        return
    minutes, seconds = divmod(int(time.monotonic() - began), 60)
    task, words = progress.task, f": {progress.words}" if progress.words else ""
    spent = f" in {progress.seconds:.0f} s" if progress.state.ended and progress.state is not State.LEFT else ""
    console.print(
        f"{minutes:3}:{seconds:02} {task.host.name:<12} {task.step.name:<14} {progress.state.value}{spent}{words}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
