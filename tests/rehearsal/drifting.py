"""A cluster that drifts: one thing at a time is broken, found by `make verify` and nothing else with it, and mended."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from components.desk.verify.finding import Finding, Look
from components.desk.verify.tell import changes, line
from tests.engines.bootstrap.sshd import Keys
from tests.engines.processes import until
from tests.rehearsal.cluster import RehearsedCluster
from tests.rehearsal.differences import differences
from tests.rehearsal.parts import parts

ROOT = Path(__file__).resolve().parents[2]
_LONGEST = 600
# Seconds until what follows from a mended thing is over as well.
_PATIENCE = 300


@dataclass(frozen=True)
class Break:
    """`breaks` and `mends` are told the cluster and its desk. `found`: what has to be found, one finding each at least.

    `also`: what may follow from it meanwhile. Both are patterns of lines, WHERE: WHAT: WRONG.
    """

    name: str
    breaks: Callable[[RehearsedCluster, Desk], object]
    mends: Callable[[RehearsedCluster, Desk], object]
    found: Sequence[str]
    also: Sequence[str] = ()


class Desk:
    """Whoever looks, at the router of the LAN, with a clone of what Argo CD follows."""

    def __init__(self, made: RehearsedCluster, keys: Keys) -> None:
        self._made, self._keys = made, keys
        self.clone = made.site.folder / "clone"
        self._git("clone", "--quiet", made.repository.folder, self.clone)
        # As a rehearsal needs them (differences.yml).
        for path, text in made.site.carried().items():
            (self.compiled / path).write_text(text, "utf-8")
        keys.know({name: host.address or "" for name, host in made.site.hosts.items()})

    @property
    def compiled(self) -> Path:
        return self.clone / "compiled" / self._made.cluster.name

    def pull(self) -> None:
        """The commit that Argo CD follows; what differs here stays so."""
        self._git("-C", self.clone, "fetch", "--quiet")
        self._git("-C", self.clone, "reset", "--quiet", "--soft", "FETCH_HEAD")

    def look(self, *options: str) -> Look:
        """AssertionError with what it said where it does not end as its findings say."""
        command: Sequence[object] = (
            *(sys.executable, ROOT / "scripts" / "verify.py", self._made.cluster.name, "--format=json"),
            f"--ssh-config={self._keys.config}",
            f"--compiled={self.compiled}",
            *options,
        )
        done = subprocess.run(
            self._made.site.at_the_router(*command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LONGEST,
        )
        self._made.report.log("verify-from-the-desk", done.stdout + done.stderr)
        assert done.returncode in (0, 1), f"exit code {done.returncode}: {done.stderr}"
        look = Look.model_validate_json(done.stdout)
        assert done.returncode == bool(look.findings)
        return look.model_copy(update={"findings": tuple(each for each in look.findings if not _differs_here(each))})

    def _git(self, *words: object) -> None:
        subprocess.run(["git", *map(str, words)], check=True, capture_output=True)


def _differs_here(finding: Finding) -> bool:
    """What differences.yml has otherwise than the commit."""
    keys = "|".join(differences()["kubelet"]["configuration"])
    return finding.what == "the kubelet that runs" and bool(re.match(rf"({keys})\b", finding.wrong))


def drift(made: RehearsedCluster, only: str) -> None:
    """Every break of drift/ in whose GROUP: NAME the pattern `only` is; first, a look at what is as it should be."""
    assert made.site.keys
    desk = Desk(made, made.site.keys)
    whole = desk.look()
    made.report.figure("verify from one desk", f"{whole.seconds:.0f} s")
    for finding in whole.findings:
        made.report.fail(f"verify of a cluster that is as it should be: {line(finding)}")
    count = 0
    for group in parts("drift"):
        with group.while_(made, desk):
            before = desk.look()
            for one in group.breaks:
                if re.search(only, f"{group.name}: {one.name}"):
                    count += 1
                    with made.report.stage(f"drift: {one.name}"):
                        try:
                            _try(made, desk, one, before, group.also)
                        except Exception as error:
                            made.report.fail(f"{one.name}: {error!r}")
    made.report.figure("broken, found and mended", f"{count} things")
    _all_gone(made, desk, "all mended", whole)


@dataclass(frozen=True)
class Group:
    """Breaks that need something of the cluster in common. `also`: what may follow from each of them."""

    name: str
    breaks: Sequence[Break]
    while_: Callable[[RehearsedCluster, Desk], object]
    also: Sequence[str] = ()


@contextmanager
def as_it_is(made: RehearsedCluster, desk: Desk) -> Iterator[None]:
    yield


def _try(made: RehearsedCluster, desk: Desk, one: Break, before: Look, also: Sequence[str]) -> None:
    try:
        one.breaks(made, desk)
        new, _ = changes(before, desk.look())
    finally:
        one.mends(made, desk)
    said = [line(each) for each in new]
    for words in one.found:
        if not any(re.search(words, each) for each in said):
            made.report.fail(f"{one.name}: not found: {words}; but: {'; '.join(said) or 'nothing'}")
    for each in said:
        if not any(re.search(words, each) for words in (*one.found, *one.also, *also)):
            made.report.fail(f"{one.name}: found as well: {each}")
    _all_gone(made, desk, one.name, before)


def _all_gone(made: RehearsedCluster, desk: Desk, name: str, before: Look) -> None:
    """A pod that is made anew takes a while."""
    left: list[str] = []

    def gone() -> bool:
        left[:] = [line(each) for each in changes(before, desk.look())[0]]
        return not left

    if not until(gone, _PATIENCE, pause=5):
        made.report.fail(f"{name}: mended, and still found: {'; '.join(left)}")
