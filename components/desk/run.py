"""Tasks, each as soon as all that it waits for is done, on all hosts at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .hosts import Host
from .plan import Task
from .progress import Board, State
from .ssh import Desk, Failed, Unreached

SCRIPT = "bootstrap/bootstrap.sh"
#: What bootstrap.sh ends with while another run is at work on its host.
_BUSY = 75
#: Seconds between two attempts, and how long they go on.
_PAUSE, _PATIENCE = 5, 900
#: What a line of a step begins with (bootstrap/README.md, "What a line says").
_CHANGED, PLANNED, _WRONG = "done: ", "would: ", "failed: "


@dataclass(eq=False)
class Runner:
    """`folder` is that of the cluster's files on each host; `log` takes (host, line); `dry` changes nothing."""

    desk: Desk
    board: Board
    folder: str
    log: Callable[[Host, str], None]
    dry: bool = False
    #: Option -> the content of the file that a step has made for others.
    _handed: dict[str, bytes] = field(default_factory=dict, repr=False)

    async def run(self, tasks: Sequence[Task]) -> None:
        """All of them, or as many as can be."""
        ended = {task.key: asyncio.Event() for task in tasks}

        async def one(task: Task) -> None:
            try:
                for key in task.after:
                    await ended[key].wait()
                lacking = [key for key in sorted(task.after) if not self.board.found[key].state.well]
                if lacking:
                    self.board.set(task, State.LEFT, f"{lacking[0][0]} on {lacking[0][1]} has not ended well")
                else:
                    await self._one(task, tasks)
            finally:
                ended[task.key].set()

        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(one(task))

    async def _one(self, task: Task, tasks: Sequence[Task]) -> None:
        self.board.set(task, State.RUNNING)
        try:
            state, words = await self._patiently(task, tasks)
        except (Failed, Unreached) as error:
            state, words = State.FAILED, str(error)
        self.board.set(task, state, words)

    async def _patiently(self, task: Task, tasks: Sequence[Task]) -> tuple[State, str]:
        """A host that was lost on the way is waited for, and its step run again: it goes on where it was."""
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                return await self._step(task, tasks)
            except Unreached as lost:
                if time.monotonic() > end:
                    raise
                self.board.set(task, State.HELD, str(lost))
                self.log(task.host, f"-- {lost}")
            except _Busy as busy:
                if time.monotonic() > end:
                    raise Failed(str(busy)) from None
                self.board.set(task, State.HELD, str(busy))
            await asyncio.sleep(_PAUSE)
            try:
                await self.desk.connect(task.host)
            except Unreached as lost:
                if time.monotonic() > end:
                    raise
                self.board.set(task, State.HELD, str(lost))
            else:
                self.board.set(task, State.RUNNING)

    async def _step(self, task: Task, tasks: Sequence[Task]) -> tuple[State, str]:
        step, host = task.step, task.host
        if step.needed_by and not self.dry and not await self._needed(step.needed_by, tasks):
            return State.SKIPPED, f"nobody needs it: {step.needed_by} has nothing to do"
        options, given = await self._receive(task, tasks)
        if self.dry:
            if "--dry-run" not in step.options:
                return State.SKIPPED, "it only looks"
            options.append("--dry-run")
        lines = await self._bootstrap(
            host, step.name, *options, given=given, tell=lambda words: self.board.say(task, words)
        )
        if step.hands_over and not self.dry:
            self._handed[step.hands_over] = await self._read(host, step.handed_path)
        changed = [line for line in lines if line.startswith((_CHANGED, PLANNED))]
        state = State.WOULD if self.dry else State.DONE
        return (state, f"{len(changed)} changes") if changed else (State.SKIPPED, "as it should be")

    async def _bootstrap(
        self, host: Host, *words: str, given: bytes = b"", tell: Callable[[str], None] = lambda words: None
    ) -> list[str]:
        """What a step reports, line by line. _Busy, Failed, Unreached."""
        lines: list[str] = []
        wrong = ""
        began = time.strftime("%H:%M:%S")
        self.log(host, f"== {' '.join(words)} ({began})")

        def output(line: str) -> None:
            lines.append(line.rstrip("\n"))
            self.log(host, lines[-1])
            tell(lines[-1])

        def errors(line: str) -> None:
            nonlocal wrong
            self.log(host, line.rstrip("\n"))
            if line.startswith(_WRONG):
                wrong = line.removeprefix(_WRONG).strip()
            elif line.startswith("bootstrap.sh: "):
                tell(line.removeprefix("bootstrap.sh: ").strip())

        command = (*self.desk.root(host), "bash", f"{self.folder}/{SCRIPT}", *words)
        code = await self.desk.follow(host, command, self.desk.first(host) + given, output, errors)
        if code == _BUSY:
            raise _Busy(wrong)
        if code:
            reported = [line.removeprefix(_WRONG) for line in lines if line.startswith(_WRONG)]
            raise Failed("; ".join(reported[:3]) or wrong or f"exit code {code}: see the log")
        return lines

    async def _needed(self, step: str, tasks: Sequence[Task]) -> bool:
        """Would a step change anything, on any host?"""
        for task in tasks:
            if task.step.name == step:
                lines = await self._bootstrap(task.host, step, "--dry-run")
                if any(line.startswith(PLANNED) for line in lines):
                    return True
        return False

    async def _receive(self, task: Task, tasks: Sequence[Task]) -> tuple[list[str], bytes]:
        """Options and standard input of a step, also of one that is handed what another has made.

        What is needed once goes by standard input and is in no file; what stays, to where it is at its maker's.
        """
        options = [*task.options]
        given = b""
        for giver in dict.fromkeys(other.step for other in tasks if other.step.hands_over):
            option = f"--{giver.hands_over}"
            content = self._handed.get(giver.hands_over)
            if content is None or option not in task.step.options or giver.receiver not in task.host.places:
                continue
            if giver.needed_by:
                options += [option, "-"]
                given = content
            else:
                words = ("install", "-D", "--mode=0644", "/dev/stdin", giver.handed_path)
                await self.desk.as_root(task.host, *words, given=content)
        return options, given

    async def _read(self, host: Host, path: str) -> bytes:
        return (await self.desk.as_root(host, "cat", path)).output.encode()


class _Busy(Exception):
    """Another run is at work on the host."""
