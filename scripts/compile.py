#!/usr/bin/env python3
"""Compile the inventory: compiled/<cluster>/ for each cluster, or for those named.

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
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Little of a compile is garbage, and looking for it takes a twentieth of the time.
    gc.disable()
    # Python puts scripts/ there; the faces are imported from the root.
    sys.path[0] = str(ROOT)

from scripts.trees import Difference, difference, files_in, replace
from scripts.workshop import NEW, OLD, workshop
from scripts.written import NOTE, note, strangers

OK, FINDING, USAGE = 0, 1, 2
COMPILED = "compiled"
# More changed files of one cluster than this are summed up.
SHOWN = 15


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    inventory, output = _from_root(options.inventory), Path(os.path.abspath(options.output))
    # .kapitan, the faces and the paths in messages are relative to the repository.
    os.chdir(ROOT)

    from components.cluster import InvalidInventory
    from components.cluster.kapitan import read_cluster
    from scripts.in_process import FaceFailed, Kapitan, Refused

    try:
        kapitan = Kapitan.read(inventory)
    except Refused as refusal:
        return _refuse(refusal.lines)

    clusters = sorted(set(options.clusters)) or kapitan.clusters
    if unknown := [name for name in clusters if name not in kapitan.clusters]:
        _say(f"compile: no such cluster: {', '.join(unknown)}. The inventory has: {', '.join(kapitan.clusters)}")
        return USAGE
    whole = not options.clusters

    findings: list[str] = []
    for name in clusters:
        try:
            read_cluster(name, inventory)
        except InvalidInventory as refusal:
            findings += [line for line in refusal.lines if line not in findings]
        except Exception as error:
            return _failed("components/cluster", name, error, options.debug)
    if findings:
        return _refuse(findings)

    foreign = _foreign(output, kapitan.clusters) if whole and output.name != COMPILED else []
    if foreign and not options.check:
        _say(
            f"compile: {output} holds {foreign[0]}, which is no compiled cluster; "
            "a full compile would delete it. Name another folder"
        )
        return USAGE

    # Beside the output, so that the new folders can be renamed into their places.
    beside = None if options.check else output.parent
    if beside:
        beside.mkdir(parents=True, exist_ok=True)
    with workshop(beside) as bench:
        new = bench / NEW
        try:
            for number, name in enumerate(clusters, start=1):
                began = time.perf_counter()
                kapitan.compile(name, new)
                if len(clusters) > 1 or sys.stderr.isatty():
                    _say(
                        f"[{number}/{len(clusters)}] {name} ... "
                        f"{time.perf_counter() - began:.2f} s, {len(files_in(new / name))} files"
                    )
        except FaceFailed as failure:
            return _failed(failure.face, failure.cluster, failure.cause, options.debug)

        changes = {name: difference(output / name, new / name) for name in clusters}
        if whole:
            for name in _present(output):
                if name not in changes:
                    changes[name] = difference(output / name, new / name)
        if options.check:
            return _check(changes, output)
        doomed = [_join(name, file) for name, change in changes.items() for file in change.removed]
        if kept := strangers(output, doomed):
            return _keep(kept, output)
        written = note(output, changes, (_join(name, file) for name in clusters for file in files_in(new / name)))
        (bench / NOTE).write_text(written, encoding="utf-8")
        output.mkdir(exist_ok=True)
        replace(
            [
                (new / name if name in clusters else None, output / name)
                for name, change in changes.items()
                if change or not (output / name).is_dir()
            ],
            attic=bench / OLD,
        )
        os.replace(bench / NOTE, output / NOTE)
        for name, change in changes.items():
            _report(name, change)
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


def _present(output: Path) -> list[str]:
    return sorted(entry.name for entry in output.iterdir() if entry.name != NOTE) if output.is_dir() else []


def _join(cluster: str, file: str) -> str:
    """A file as it is named from the output; what lies there beside the clusters' folders may be one itself."""
    return f"{cluster}/{file}" if file else cluster


def _foreign(output: Path, clusters: list[str]) -> list[str]:
    return [name for name in _present(output) if name not in clusters]


def _refuse(lines: list[str]) -> int:
    for line in lines:
        _say(line)
    count = "1 finding" if len(lines) == 1 else f"{len(lines)} findings"
    _say(f"compile: {count}; nothing was written")
    return FINDING


def _keep(files: list[str], output: Path) -> int:
    for file in files:
        _say(f"{_from_root(output) / file}: no compile wrote this file, and it is not in Git")
    _say(
        f"compile: {_files(len(files))} of {_from_root(output)} would be deleted for good; nothing was written. "
        "Move them to another folder, or delete them"
    )
    return FINDING


def _failed(where: str, cluster: str, cause: BaseException, debug: bool) -> int:
    if debug:
        traceback.print_exception(cause)
    reason = f"{type(cause).__name__}: {cause}".splitlines()[0]
    what = "model" if where == "components/cluster" else "face"
    _say(
        f"{where}: {cluster}: {reason}: this is a bug in the {what}, not in the inventory. "
        f"Report it{'' if debug else ' with the output of --debug'}"
    )
    _say("compile: 1 finding; nothing was written")
    return FINDING


def _check(changes: dict[str, Difference], output: Path) -> int:
    stale = {name: change for name, change in changes.items() if change}
    for name, change in stale.items():
        for line in change.lines:
            print(f"{line[0]} {_from_root(output) / name / line[2:]}")
    if stale:
        count = sum(len(change.lines) for change in stale.values())
        _say(f"compile: {_files(count)} of {_from_root(output)} not as the inventory says. Run make compile")
        return FINDING
    _say(f"compile: {_from_root(output)} is up to date")
    return OK


def _report(name: str, change: Difference) -> None:
    if not change:
        print(f"{name}: {_files(len(change.unchanged))}, all unchanged")
        return
    if not (change.changed or change.unchanged or change.removed):
        print(f"{name}: {_files(len(change.added))}, all new")
        return
    if not (change.changed or change.unchanged or change.added):
        print(f"{name}: removed, {_files(len(change.removed))}")
        return
    print(f"{name}: {_files(len(change.lines))} changed, {len(change.unchanged)} unchanged")
    for line in change.lines[:SHOWN]:
        print(f"  {line}")
    if len(change.lines) > SHOWN:
        print(f"  and {len(change.lines) - SHOWN} more")


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    # An exit that cleans up, as Ctrl-C has it already.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        _say("compile: interrupted; nothing was written")
        sys.exit(128 + signal.SIGINT)
