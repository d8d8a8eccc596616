"""Where every task is, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from .plan import Task


class State(Enum):
    """Of a task; the value is its word."""

    WAITING = "waiting"
    RUNNING = "running"
    #: The host is away, or somebody else is at work there; it is tried again.
    HELD = "held"
    DONE = "done"
    SKIPPED = "skipped"
    #: With --dry-run: it would change something.
    WOULD = "would"
    FAILED = "failed"
    #: What it waits for has failed.
    LEFT = "not run"

    @property
    def ended(self) -> bool:
        return self not in (State.WAITING, State.RUNNING, State.HELD)

    @property
    def well(self) -> bool:
        return self in (State.DONE, State.SKIPPED, State.WOULD)


@dataclass
class Progress:
    """`words` is the last thing that was said of it; `began` and `seconds` are of the clock that only goes on."""

    task: Task
    state: State = State.WAITING
    words: str = ""
    began: float = 0
    seconds: float = 0

    @property
    def so_far(self) -> float:
        return self.seconds if self.state.ended else time.monotonic() - self.began if self.began else 0


@dataclass
class Board:
    """All tasks of a run. `tell` is called whenever one has another state, or says something."""

    tasks: Sequence[Task]
    tell: Callable[[Progress], None] = lambda progress: None
    found: dict[tuple[str, str], Progress] = field(init=False)

    def __post_init__(self) -> None:
        self.found = {task.key: Progress(task) for task in self.tasks}

    def of(self, task: Task) -> Progress:
        return self.found[task.key]

    def set(self, task: Task, state: State, words: str = "") -> None:
        progress = self.of(task)
        if state is State.RUNNING and not progress.began:
            progress.began = time.monotonic()
        if state.ended:
            progress.seconds = progress.so_far
        progress.state, progress.words = state, words
        self.tell(progress)

    def say(self, task: Task, words: str) -> None:
        self.of(task).words = words
        self.tell(self.of(task))

    def failed(self) -> list[Progress]:
        return [each for each in self.found.values() if each.state is State.FAILED]

    @property
    def well(self) -> bool:
        return all(each.state.well for each in self.found.values())


def words_of(progress: Iterable[Progress]) -> str:
    """A line: how many of each state, such as `12 done, 3 skipped`."""
    found = [each.state for each in progress]
    return ", ".join(f"{found.count(state)} {state.value}" for state in State if state in found)
