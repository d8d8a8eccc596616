"""What all commands have alike that work on a cluster's hosts: options, what a person is told, exit codes."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from components.cluster.types import Cluster

from . import files, table
from .commit import Commit
from .hosts import Host
from .lock import Locked
from .order import NotReady, Order, carry_out
from .plan import Task
from .progress import Board, words_of
from .ssh import Desk, Failed, Unreached, desk

OK, FINDING, USAGE, INTERRUPTED = 0, 1, 2, 130


def parser(name: str, text: str) -> argparse.ArgumentParser:
    """With the options that all have."""
    found = argparse.ArgumentParser(prog=name, description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("cluster", metavar="CLUSTER")
    found.add_argument("--dry-run", action="store_true", help="change nothing, say of every host what would be done")
    found.add_argument("--hosts", action="append", default=[], metavar="NAME,...", help="on these hosts alone")
    found.add_argument(
        "--ask-sudo-password", action="store_true", help="ask once for the password of sudo on the hosts"
    )
    found.add_argument("--compiled", type=Path, metavar="DIR", help="its files (default: compiled/CLUSTER)")
    found.add_argument("--ssh-config", type=Path, metavar="FILE", help="in place of ~/.ssh/config")
    found.add_argument(
        "--logs",
        type=Path,
        metavar="DIR",
        help="where what each host says is kept (default: ~/.local/state/dojot-gitops)",
    )
    return found


class WrongUse(Exception):
    """The text says what there is."""


class Command:
    """`name` is as people type it, `options` are those of `parser`. WrongUse where its files are not there."""

    def __init__(self, name: str, options: argparse.Namespace) -> None:
        self.name, self.options, self.console = name, options, Console()
        self.compiled = options.compiled or Path("compiled", options.cluster)
        if not (self.compiled / "bootstrap").is_dir():
            raise WrongUse(
                f"there is no {self.compiled}/bootstrap: which cluster? Those of inventory/targets, once compiled"
            )
        self.logs = options.logs or _state() / options.cluster / time.strftime("%Y%m%dT%H%M%S")

    @property
    def hosts(self) -> list[str]:
        return [name for text in self.options.hosts for name in text.split(",")]

    def say(self, line: str) -> None:
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        ask = self.options.ask_sudo_password
        with desk(self.options.ssh_config, getpass.getpass("password of sudo on the hosts: ") if ask else None) as ours:
            yield ours

    def order(
        self, cluster: Cluster, machines: Sequence[Host], tasks: Sequence[Task], *, dry: bool, leave: bool = False
    ) -> Order:
        """With the files as they are here."""
        commit = str(Commit.of(self.compiled))
        if commit.endswith("+"):
            self.say(f"note: {self.compiled} is not as in the last commit; Argo CD follows what is pushed")
        archive = files.archive(self.compiled, commit)
        return Order(
            cluster, machines, tasks, archive, _log_to(self.logs), self.say, dry, force=self.options.force, leave=leave
        )

    def run(self, ours: Desk, order: Order) -> int:
        """Shown and told; an exit code."""
        board = Board(order.tasks)
        code = asyncio.run(self._told(ours, order, board))
        if any(each.state.ended for each in board.found.values()):
            for failed in board.failed():
                print(f"failed: {failed.task.step.name} on {failed.task.host.name}: {failed.words}")
            print(f"{words_of(board.found.values())}. What each host has said is in {self.logs}", flush=True)
            if code == FINDING and not order.dry:
                print("Put that right and run this again: it goes on from there.")
        return code

    async def _told(self, ours: Desk, order: Order, board: Board) -> int:
        try:
            with table.shown(board, self.console):
                await carry_out(ours, order, board)
        except NotReady as refusal:
            for finding in refusal.findings:
                print(f"{finding.host}: {finding.text}", file=sys.stderr)
            only = all(not finding.identity for finding in refusal.findings)
            print(f"Nothing was changed.{' With --force it is done all the same.' if only else ''}", file=sys.stderr)
            return FINDING
        except Locked as locked:
            return self.fail(f"somebody else is at work on this cluster: {locked}. Nothing was changed")
        except (Unreached, Failed) as failure:
            return self.fail(str(failure))
        except (KeyboardInterrupt, asyncio.CancelledError):
            return self.fail("interrupted. What runs on the hosts goes on to its end; run this again then", INTERRUPTED)
        return OK if board.well else FINDING

    def fail(self, text: str, code: int = FINDING) -> int:
        return fail(self.name, text, code)


def fail(name: str, text: str, code: int) -> int:
    print(f"{name}: {text}", file=sys.stderr)
    return code


def _state() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "dojot-gitops"


def _log_to(folder: Path) -> Callable[[Host, str], None]:
    """A file a host, for its owner alone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def log(host: Host, line: str) -> None:
        with open(folder / f"{host.name}.log", "a", encoding="utf-8", opener=_own) as file:
            file.write(f"{line}\n")

    return log


def _own(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
