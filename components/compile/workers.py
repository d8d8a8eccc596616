"""Processes that share the work on many clusters, one for each core.

They are forks of this one, so that all of them have what it has read; what it holds itself does not
grow with their number. Whatever ends the work ends them.
"""

from __future__ import annotations

import gc
import os
import pickle
import selectors
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from .ends import ENDS, signals_wait

# A worker looks for garbage after so many pieces of work: the command itself has no need to.
_COLLECT_AFTER = 10


class WorkerDied(Exception):
    """A process ended before its work was done: `name` is what it was working on."""

    def __init__(self, name: str, reason: str):
        self.name, self.reason = name, reason
        super().__init__(f"{name}: {reason}")


@dataclass
class _Worker:
    pid: int
    tasks: int
    results: IO[bytes]
    at: int = -1
    ended: bool = False


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(work: Callable[[str], Any], names: Sequence[str], processes: int | None = None) -> Generator[Any]:
    """work(name) of each name, in their order; closing it ends all processes. Raises WorkerDied."""
    workers: list[_Worker] = []
    try:
        gc.freeze()
        for _ in range(min(processes or cores(), len(names))):
            # A signal between would leave one that nobody knows of.
            with signals_wait():
                workers.append(_start(work, names, workers))
        yield from _in_order(workers, names)
    finally:
        _end(workers)


def _in_order(workers: list[_Worker], names: Sequence[str]) -> Iterator[Any]:
    following = iter(range(len(names)))
    waiting: dict[int, Any] = {}
    shown = 0
    with selectors.DefaultSelector() as selector:
        for worker in workers:
            selector.register(worker.results, selectors.EVENT_READ, worker)
            _give(worker, following, names)
        while shown < len(names):
            for key, _ in selector.select():
                worker = key.data
                try:
                    waiting[worker.at] = pickle.load(worker.results)
                except (EOFError, pickle.UnpicklingError) as error:
                    raise WorkerDied(names[worker.at], _how_it_ended(worker)) from error
                if not _give(worker, following, names):
                    selector.unregister(worker.results)
            while shown in waiting:
                yield waiting.pop(shown)
                shown += 1


def _give(worker: _Worker, following: Iterator[int], names: Sequence[str]) -> bool:
    worker.at = next(following, len(names))
    if worker.at == len(names):
        return False
    try:
        os.write(worker.tasks, worker.at.to_bytes(4, "big"))
    except BrokenPipeError as error:
        raise WorkerDied(names[worker.at], _how_it_ended(worker)) from error
    return True


def _start(work: Callable[[str], Any], names: Sequence[str], others: list[_Worker]) -> _Worker:
    """While signals wait: between the fork and its own handlers, one would run those of this process."""
    tasks_out, tasks_in = os.pipe()
    results_out, results_in = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            for end in ENDS - {signal.SIGINT}:
                signal.signal(end, signal.SIG_DFL)
            # Ctrl-C reaches all; the command ends its workers.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
            for descriptor in (tasks_in, results_out, *(worker.tasks for worker in others)):
                os.close(descriptor)
            _serve(work, names, tasks_out, results_in)
        finally:
            os._exit(1)
    os.close(tasks_out)
    os.close(results_in)
    return _Worker(pid, tasks_in, os.fdopen(results_out, "rb"))


def _serve(work: Callable[[str], Any], names: Sequence[str], tasks: int, results: int) -> None:
    with os.fdopen(results, "wb") as out:
        # Nothing more to read: all is done, or the command is gone.
        for done, task in enumerate(iter(lambda: os.read(tasks, 4), b""), start=1):
            pickle.dump(work(names[int.from_bytes(task, "big")]), out)
            out.flush()
            if done % _COLLECT_AFTER == 0:
                gc.collect()
    os._exit(0)


def _end(workers: list[_Worker]) -> None:
    for worker in workers:
        os.close(worker.tasks)
        worker.results.close()
        if not worker.ended:
            os.kill(worker.pid, signal.SIGKILL)
            os.waitpid(worker.pid, 0)


def _how_it_ended(worker: _Worker) -> str:
    worker.ended = True
    code = os.waitstatus_to_exitcode(os.waitpid(worker.pid, 0)[1])
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
