"""The work on all clusters, by as many processes as there are cores."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Generator, Sequence
from pathlib import Path

from components.inventory import dot_kapitan
from components.inventory.files import InventoryFiles
from components.inventory.inventory import Inventory
from components.inventory.refused import Refused

from .job import Failure, Job, Outcome
from .progress import Progress
from .workers import WorkerDied, spread

_COMPONENTS = Path(__file__).resolve().parents[1]


def outcomes(
    files: InventoryFiles,
    clusters: Sequence[str],
    output: Path,
    new: Path | None,
    named: int,
    debug: bool,
    kept: str = "",
) -> Generator[Outcome]:
    """What came of each cluster, in their order; whoever leaves early closes it, so that no process goes on writing.

    Raises Refused after the last one if any of them cannot be compiled: all findings come at once.
    """
    job = Job(Inventory.of(files), dot_kapitan.output(), output, new, named, kept)
    _import_faces()
    findings: list[str] = []
    failures: list[str] = []
    pastes: dict[str, str] = {}
    progress = Progress(len(clusters))
    try:
        with contextlib.closing(spread(job.run, clusters)) as work:
            for outcome in work:
                findings += outcome.findings
                if outcome.paste:
                    pastes[outcome.cluster] = outcome.paste
                if outcome.failure:
                    failures.append(_in_words(outcome.cluster, outcome.failure, debug))
                if not outcome.findings and not outcome.failure:
                    progress.done(outcome.cluster, outcome.seconds, len(outcome.files))
                    yield outcome
    except WorkerDied as death:
        raise Refused(
            [
                (
                    f"{death.name}: a process of this compile {death.reason}. "
                    "Compile again; if it comes back, look whether this machine has memory left"
                )
            ]
        ) from death
    finally:
        progress.end()
    if findings or failures:
        raise Refused(findings or failures[:1], pastes)


def _in_words(cluster: str, failure: Failure, debug: bool) -> str:
    if not failure.where:
        return f"{failure.reason}. Put that right, and compile again"
    what = "model" if failure.where == "components/cluster" else "face"
    line = (
        f"{failure.where}: {cluster}: {failure.reason}: this is a bug in the {what}, not in the inventory. "
        f"Report it{'' if debug else ' with the output of --debug'}"
    )
    return f"{failure.trace}{line}" if debug else line


def _import_faces() -> None:
    """All of components/ at once, so that the processes to come have it; what cannot be imported fails where used."""
    for folder in sorted(_COMPONENTS.iterdir()):
        if (folder / "__init__.py").is_file():
            with contextlib.suppress(Exception):
                importlib.import_module(f"components.{folder.name}")
