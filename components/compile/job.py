"""The work on one cluster: read, judge, render, and write what has changed into the workshop."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from components.cluster import InvalidInventory, read
from components.cluster.notes import notes
from components.inventory.dot_kapitan import Output
from components.inventory.inventory import Inventory
from components.inventory.refused import Refused

from . import render, trees, upgrades
from .machines import addresses
from .report import SHOWN
from .trees import NONE, Change


@dataclass(frozen=True)
class Failure:
    """Something that no inventory should bring about. `where` is the code, empty for the machine."""

    where: str
    reason: str
    trace: str = ""


@dataclass(frozen=True)
class Outcome:
    """What came of one cluster; `findings` or `failure`, or else a `change` and the names of all of its files."""

    cluster: str
    findings: tuple[str, ...] = ()
    #: YAML that would mend some of them.
    paste: str = ""
    failure: Failure | None = None
    change: Change = NONE
    files: tuple[str, ...] = ()
    #: A digest of them.
    tree: str = ""
    #: Addresses.
    machines: tuple[str, ...] = ()
    #: Lines about a cluster that is accepted.
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    #: Content of the file that was asked for.
    kept: bytes | None = None


@dataclass(frozen=True)
class Job:
    """`new`: where a changed cluster's folder is written; None: nowhere."""

    inventory: Inventory
    how: Output
    output: Path
    new: Path | None
    #: How many changed files of a cluster are named.
    named: int = SHOWN
    #: Name of a file whose content is handed on, besides being written.
    kept: str = ""

    def run(self, name: str) -> Outcome:
        began = time.perf_counter()
        try:
            target = self.inventory.target(name)
            faces = target.faces
            cluster = read.cluster_of(target)
            if findings := list(upgrades.findings(cluster, self.output / name)):
                raise InvalidInventory(findings, target.origin)
        except InvalidInventory as refusal:
            return Outcome(name, findings=refusal.lines, paste=refusal.paste)
        except Refused as refusal:
            return Outcome(name, findings=tuple(refusal.lines))
        except Exception as error:
            return Outcome(name, failure=_failure("components/cluster", error))
        try:
            files = render.files(cluster, faces, self.how)
        except render.FaceFailed as error:
            return Outcome(name, failure=_failure(error.face, error.cause))
        try:
            change = trees.difference(self.output / name, files)
            if self.new and (change or not (self.output / name).is_dir()):
                trees.write(self.new / name, files)
        except OSError as error:
            return Outcome(name, failure=Failure("", f"{error.filename}: {error.strerror}"))
        seconds = time.perf_counter() - began
        return Outcome(
            name,
            change=change.summed_up(self.named),
            files=tuple(sorted(files)),
            tree=trees.digest(files),
            machines=addresses(cluster),
            notes=tuple(notes(cluster)),
            seconds=seconds,
            kept=files.get(self.kept),
        )


def _failure(where: str, error: BaseException) -> Failure:
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    return Failure(where, reason, "".join(traceback.format_exception(error)))
