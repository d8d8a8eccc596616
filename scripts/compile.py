#!/usr/bin/env python3
"""Compile the inventory: compiled/<cluster>/ for each cluster, or for those named, and the page of all.

Every cluster is judged before anything is written, and what is written takes its
place in one step: a refused or failed compile leaves compiled/ as it was. Files in
compiled/ that neither a compile wrote nor Git has are never deleted: they are named.

Exit code: 0 done (with --check: up to date), 1 a finding, 2 wrong use.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Little of a compile is garbage, and looking for it takes a twentieth of the time.
    gc.disable()
    # Python puts scripts/ there; the faces are imported from the root.
    sys.path[0] = str(ROOT)
    # As long as there is nothing to clean up, Ctrl-C simply ends it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from components.compile import report, written
from components.compile.ends import signals_wait
from components.compile.fleet import PAGE, Fleet
from components.compile.memory import MEMORY, Made, Memory
from components.compile.report import SHOWN, say
from components.compile.trees import NONE, Change, difference, replace
from components.compile.workshop import NEW, OLD, PREFIX, sweep, workshop
from components.compile.written import NOTE
from components.inventory.files import InventoryFiles
from components.inventory.refused import Refused
from components.page.marks import SUMMARY

OK, FINDING, USAGE = 0, 1, 2
COMPILED = "compiled"


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    inventory, output = _from_root(options.inventory), _from_root(options.output)
    # .kapitan, the faces and the paths in messages are relative to the repository.
    os.chdir(ROOT)
    try:
        # What is checked is checked from nothing.
        memory = None if options.check else Memory(inventory, output)
        return _compile(InventoryFiles(inventory, memory.source if memory else None), output, memory, options)
    except Refused as refusal:
        report.refused(refusal.lines, refusal.pastes)
    except OSError as error:
        report.refused([f"{error.filename or output}: {error.strerror}. Put that right, and compile again"])
    return FINDING


def _compile(files: InventoryFiles, output: Path, memory: Memory | None, options: argparse.Namespace) -> int:
    if files.findings:
        raise Refused(files.findings)
    known = sorted(files.targets)
    clusters = sorted(set(options.clusters)) or known
    if unknown := [name for name in clusters if name not in known]:
        say(f"compile: no such cluster: {', '.join(unknown)}. The inventory has: {', '.join(known)}")
        return USAGE
    fleet = Fleet(files, output)
    paged = fleet.is_ours()
    gone = [] if options.clusters else [name for name in _present(output, paged) if name not in known]
    if gone and output.name != COMPILED and not options.check:
        say(
            f"compile: {output} holds {gone[0]}, which is no compiled cluster; "
            "a full compile would delete it. Name another folder"
        )
        return USAGE
    if memory is None:
        return _check(files, clusters, gone, fleet if paged else None, output, options.debug)
    sweep(output, output.parent)
    keys = memory.keys(files, clusters)
    same = memory.unchanged(keys)
    changes = {name: Change(0, 0, same[name], (), ()) if name in same else NONE for name in clusters}
    todo = {name: keys[name] for name in clusters if name not in same}
    if todo or gone or (paged and not memory.has_fleet(memory.fleet(files, fleet.summaries({}), fleet.page()))):
        with workshop(output) as bench:
            new = _make(files, todo, gone, output, bench, options.debug)
            of_page = NONE
            if paged:
                summaries = fleet.summaries(new.kept)
                of_page, page = fleet.write(summaries, bench / NEW)
                remembered = memory.fleet(files, summaries, page)
            changes |= new.changes
            doomed = [_join(name, file) for name, change in changes.items() for file in change.removed]
            if kept := written.strangers(output, doomed):
                report.kept(kept, output)
                return FINDING
            memory.write(bench, {*todo, *gone}, new.made, remembered if paged else [])
            moves = [
                (bench / NEW / name if name in todo else None, output / name)
                for name, change in new.changes.items()
                if change or not (output / name).is_dir()
            ]
            if of_page:
                moves.append((None if of_page.removed else bench / NEW / PAGE, output / PAGE))
            with signals_wait():
                replace(moves, attic=bench / OLD)
                for own in (NOTE, MEMORY):
                    os.replace(bench / own, output / own)
            for line in new.notes:
                say(line)
            report.shared_machines(
                {**memory.machines(), **{name: each.machines for name, each in new.made.items()}}, new.made, known
            )
            report.page(output / PAGE, of_page)
    for name, change in changes.items():
        report.changed(name, change)
    return OK


@dataclass
class _New:
    """What a compile has written into the workshop: what that changes, what it is made of, notes, and summaries."""

    changes: dict[str, Change] = field(default_factory=dict)
    made: dict[str, Made] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    kept: dict[str, bytes | None] = field(default_factory=dict)


def _make(
    files: InventoryFiles, todo: Mapping[str, str], gone: list[str], output: Path, bench: Path, debug: bool
) -> _New:
    """Write into the workshop what takes its place in the output."""
    from components.compile.run import outcomes

    new = _New()
    with (
        (bench / NOTE).open("w", encoding="utf-8") as note,
        closing(outcomes(files, sorted(todo), output, bench / NEW, SHOWN, debug, SUMMARY)) as work,
    ):
        note.writelines(f"{line}\n" for line in written.of_others(output, {*todo, *gone}))
        for outcome in work:
            new.changes[outcome.cluster] = outcome.change
            new.kept[outcome.cluster] = outcome.kept
            new.notes += outcome.notes
            new.made[outcome.cluster] = Made(todo[outcome.cluster], outcome.tree, len(outcome.files), outcome.machines)
            note.writelines(f"{outcome.cluster}/{file}\n" for file in outcome.files)
    new.changes |= {name: difference(output / name, {}).summed_up(SHOWN) for name in gone}
    return new


def _check(
    files: InventoryFiles, clusters: list[str], gone: list[str], fleet: Fleet | None, output: Path, debug: bool
) -> int:
    """From nothing: what an earlier compile remembers is not asked."""
    from components.compile.run import outcomes

    with closing(outcomes(files, clusters, output, None, sys.maxsize, debug, SUMMARY)) as work:
        found = {outcome.cluster: outcome for outcome in work}
    changes = {name: outcome.change for name, outcome in found.items()}
    changes |= {name: difference(output / name, {}).summed_up(sys.maxsize) for name in gone}
    if fleet:
        kept = {name: outcome.kept for name, outcome in found.items()}
        changes[PAGE], _ = fleet.write(fleet.summaries(kept), None)
    if stale := {name: change for name, change in changes.items() if change}:
        report.stale(stale, output)
        return FINDING
    say(f"compile: {output} is up to date")
    return OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="compile", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clusters", nargs="*", metavar="CLUSTER", help="compile only these (default: all)")
    parser.add_argument("--check", action="store_true", help="write nothing; list what is stale in the output")
    parser.add_argument(
        "--inventory",
        type=Path,
        default=ROOT / "inventory",
        metavar="DIR",
        help="folder with targets/ and classes/ (default: inventory)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / COMPILED,
        metavar="DIR",
        help=f"folder for the clusters' folders (default: {COMPILED})",
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of a face that fails")
    return parser


def _from_root(path: Path) -> Path:
    """A path as messages show it: relative to the repository if it lies inside."""
    absolute = Path(os.path.abspath(path))
    return absolute.relative_to(ROOT) if absolute.is_relative_to(ROOT) else absolute


def _present(output: Path, paged: bool) -> list[str]:
    """What lies in the output beside a compile's own."""
    own = (NOTE, MEMORY, PAGE) if paged else (NOTE, MEMORY)
    names = os.listdir(output) if output.is_dir() else []
    return sorted(name for name in names if name not in own and not name.startswith(PREFIX))


def _join(cluster: str, file: str) -> str:
    """A file as it is named from the output; what lies there beside the clusters' folders may be one itself."""
    return f"{cluster}/{file}" if file else cluster


if __name__ == "__main__":
    # From here on, an end cleans up.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("compile: interrupted; all clusters are as they were, or all as the inventory says")
        sys.exit(128 + signal.SIGINT)
