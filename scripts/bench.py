#!/usr/bin/env python3
"""How fast make compile is, beside `python -m kapitan compile` on the same tree.

A copy of the repository gets the clusters that the rows are about: copies of the committed targets.
Both commands then run as whole processes, one after the other; each time is the median of some runs.
Compare figures of one run with each other: machines differ, and so do their hours.

Exit code: 0 done, 2 wrong use.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_ROOMS = ("bootstrap", "components", "inventory", "scripts", ".kapitan", "requirements.lock")
_KAPITAN = ("-m", "kapitan", "compile")
_OURS = ("scripts/compile.py",)


@dataclass(frozen=True)
class Run:
    """One whole process: seconds on the clock and of processors, and the largest memory of the process itself."""

    wall: float
    cpu: float
    megabytes: float


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--clusters", type=int, nargs="+", default=[4, 100], metavar="N", help="of the rows (default: 4 100)"
    )
    parser.add_argument(
        "--growth", type=int, nargs=2, metavar=("FEW", "MANY"), help="also: cost a cluster and memory of so many"
    )
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="of each row (default: 3)")
    options = parser.parse_args(arguments)
    if min([*options.clusters, options.runs, *(options.growth or [])]) < 1:
        parser.error("the numbers begin at 1")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(Path(folder), options.runs)
        print(
            "| Clusters | Compiled | Kapitan | make compile | Ratio | Processors: Kapitan | make compile | Its memory |"
        )
        print("|---:|---|---:|---:|---:|---:|---:|---:|")
        for count in options.clusters:
            bench.rows(count)
        if options.growth:
            bench.growth(*options.growth)
    return 0


class Bench:
    """A copy of the repository."""

    def __init__(self, folder: Path, runs: int):
        self._folder, self._runs = folder, runs
        for room in _ROOMS:
            source = ROOT / room
            if source.is_dir():
                shutil.copytree(source, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder / room)
        self._texts = [path.read_text("utf-8") for path in sorted((ROOT / "inventory" / "targets").glob("*.yml"))]

    def rows(self, count: int) -> None:
        """What there is to compile, and how long it takes; Kapitan compiles everything each time."""
        self._targets(count)
        _process(self._folder, *_OURS)  # bytecode
        kapitan = self._median(lambda: _process(self._folder, *_KAPITAN, "--output-path", "kapitan"))
        self._row(count, "everything", kapitan, self._median(lambda: _process(self._folder, *_OURS), self._forget))
        self._row(count, "one target edited", kapitan, self._median(lambda: _process(self._folder, *_OURS), self._edit))
        self._row(count, "nothing changed", kapitan, self._median(lambda: _process(self._folder, *_OURS)))

    def growth(self, few: int, many: int) -> None:
        """The same work for each cluster, and the same memory."""
        print(
            "\n| Clusters | make compile, a cluster | Its processors, a cluster | Its memory |\n|---:|---:|---:|---:|"
        )
        for count in (few, many):
            self._targets(count)
            self._forget()
            run = _process(self._folder, *_OURS)
            print(
                f"| {count} | {1000 * run.wall / count:.0f} ms | {1000 * run.cpu / count:.0f} ms "
                f"| {run.megabytes:.0f} MB |",
                flush=True,
            )

    def _row(self, count: int, what: str, kapitan: Run, ours: Run) -> None:
        print(
            f"| {count} | {what} | {kapitan.wall:.2f} s | {ours.wall:.2f} s | {kapitan.wall / ours.wall:.1f} x "
            f"| {kapitan.cpu:.2f} s | {ours.cpu:.2f} s | {ours.megabytes:.0f} MB |",
            flush=True,
        )

    def _median(self, run: Callable[[], Run], before: Callable[[], None] = lambda: None) -> Run:
        runs = []
        for _ in range(self._runs):
            before()
            runs.append(run())
        middle = (statistics.median(getattr(each, name) for each in runs) for name in ("wall", "cpu", "megabytes"))
        return Run(*middle)

    def _targets(self, count: int) -> None:
        folder = self._folder / "inventory" / "targets"
        shutil.rmtree(folder)
        folder.mkdir()
        for number in range(count):
            (folder / f"cluster-{number:04}.yml").write_text(self._texts[number % len(self._texts)], "utf-8")

    def _forget(self) -> None:
        shutil.rmtree(self._folder / "compiled", ignore_errors=True)

    def _edit(self) -> None:
        target = self._folder / "inventory" / "targets" / "cluster-0000.yml"
        target.write_text(f"{target.read_text('utf-8')}# edited\n", "utf-8")


def _process(folder: Path, *arguments: str) -> Run:
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen([sys.executable, *arguments], cwd=folder, stdout=said, stderr=said)
        largest = [0.0]
        watch = threading.Thread(target=_watch, args=(process.pid, largest))
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.join()
        said.seek(0)
        if process.returncode:
            sys.exit(f"bench: {' '.join(arguments)}: exit code {process.returncode}\n{said.read().decode()[-2000:]}")
    return Run(wall, usage.ru_utime + usage.ru_stime, largest[0])


def _watch(pid: int, largest: list[float]) -> None:
    """The memory of the process without its workers', which ends with it."""
    while True:
        try:
            for line in Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines():
                if line.startswith("VmHWM:"):
                    largest[0] = int(line.split()[1]) / 1024
                    break
            else:
                return
        except OSError:
            return
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
