"""Change what was compiled, one thing at a time, and see which changes the checks do not notice.

A seeded sample of all single changes (a value altered; a key, list entry or line dropped) of each face and
cluster; the score is the share that is noticed. What is not noticed is excused (tests/mutants/excused.yml says
why) or survives. Survivors are listed by their shape, the most frequent first.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.engines.clusters import at_work
from tests.mutants.changes import FACES, Change, changes, words
from tests.mutants.excuses import Excuse, excused, excuses

NOTICED, EXCUSED, SURVIVED = "noticed", "excused", "survived"
_CHUNK = 20
# Of each cluster: its tree, and who asks the checks about it. Filled before the processes part, which share it.
_trees: dict = {}
_judges: dict = {}


def main() -> int:
    clusters = sorted(path.stem for path in (ROOT / "inventory" / "targets").glob("*.yml"))
    arguments = _arguments(clusters)
    chosen, faces, known = arguments.cluster or at_work(), arguments.face or FACES, excuses()
    _begin(chosen)
    work: list[tuple[str, list[Change]]] = []
    shapes: set[str] = set()
    for cluster in chosen:
        for face in faces:
            every = changes(_trees[cluster], face)
            shapes.update(words(change, _trees[cluster])[1] for change in every)
            if not arguments.all and len(every) > arguments.sample:
                every = random.Random(f"{arguments.seed} {cluster} {face}").sample(every, arguments.sample)
            work += [(cluster, every[start : start + _CHUNK]) for start in range(0, len(every), _CHUNK)]
    print(f"{sum(len(part) for _, part in work)} changes of what was compiled ...", file=sys.stderr, flush=True)

    counts: dict[tuple[str, str], Counter[str]] = {}
    survivors: dict[str, Counter[str]] = {face: Counter() for face in FACES}
    examples: dict[str, str] = {}
    needed: set[Excuse] = set()
    for cluster, change, noticed in _verdicts(work):
        where, shape = words(change, _trees[cluster])
        excuse = None if noticed else excused(shape, known)
        verdict = NOTICED if noticed else EXCUSED if excuse else SURVIVED
        counts.setdefault((change.face, cluster), Counter())[verdict] += 1
        if excuse:
            needed.add(excuse)
        elif not noticed:
            survivors[change.face][shape] += 1
            examples.setdefault(shape, f"{cluster}/{where}")

    for face in faces:
        print(f"{face}: {_figures(sum((found for (one, _), found in counts.items() if one == face), Counter()))}")
        for shape, number in survivors[face].most_common(arguments.survivors):
            print(f"  {number:4} x {shape}\n         such as {examples[shape]}")
    problems = list(_too_low(counts, arguments.least))
    # Of a part of the clusters or faces nothing follows for the excuses.
    if set(chosen) >= set(at_work()) and set(faces) == set(FACES):
        problems += [f"no change is like the excuse {one.shape}" for one in known if not any(map(one.fits, shapes))]
        if arguments.all:
            stale = [one.shape for one in known if any(map(one.fits, shapes)) and one not in needed]
            problems += [f"every change like the excuse {shape} is noticed" for shape in stale]
    for problem in problems:
        print(f"make mutants: {problem}", file=sys.stderr)
    return int(bool(problems))


def _arguments(clusters: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make mutants", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "cluster",
        nargs="*",
        metavar="CLUSTER",
        help="default: those that differ in more than size",
    )
    parser.add_argument("--face", choices=FACES, action="append", help="default: all")
    parser.add_argument(
        "--sample", type=int, default=40, help="changes of each face and cluster (default: %(default)s)"
    )
    parser.add_argument("--all", action="store_true", help="every change instead of a sample (takes an hour)")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (default: %(default)s)")
    parser.add_argument(
        "--least",
        type=float,
        default=95,
        metavar="PERCENT",
        help="exit code 1 if less of a face is noticed, or less of one cluster's face noticed or excused "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--survivors", type=int, default=20, metavar="N", help="shapes to list of each face (default: %(default)s)"
    )
    arguments = parser.parse_args()
    unknown = [name for name in arguments.cluster if name not in clusters]
    if unknown:
        parser.error(f"no cluster named {', '.join(unknown)}; there are {', '.join(clusters)}")
    return arguments


def _begin(clusters: list[str]) -> None:

    from tests.compiled.conftest import _tree
    from tests.mutants.judge import Judge

    os.chdir(ROOT)
    for cluster in clusters:
        _trees[cluster] = _tree(cluster)
        _judges[cluster] = Judge(_trees[cluster])


def _verdicts(work: list[tuple[str, list[Change]]]) -> Iterator[tuple[str, Change, str | None]]:
    """(cluster, change, name of the check that notices it)"""
    # Nothing that was made so far is garbage.
    gc.freeze()
    with multiprocessing.get_context("fork").Pool() as pool:
        for cluster, judged in pool.imap_unordered(_judged, work):
            yield from ((cluster, change, noticed) for change, noticed in judged)


def _judged(work: tuple[str, list[Change]]) -> tuple[str, list[tuple[Change, str | None]]]:
    cluster, part = work
    first: list[str] = []
    return cluster, [(change, _judges[cluster].noticed(change, first)) for change in part]


def _figures(count: Counter[str]) -> str:
    made = count.total()
    shares = ", ".join(f"{100 * count[verdict] / made:.1f} % {verdict}" for verdict in (NOTICED, EXCUSED, SURVIVED))
    return f"{shares} (of {made})"


def _too_low(counts: dict[tuple[str, str], Counter[str]], least: float) -> Iterator[str]:
    for face in dict.fromkeys(face for face, _ in counts):
        count = sum((found for (one, _), found in counts.items() if one == face), Counter())
        if 100 * count[NOTICED] < least * count.total():
            yield f"{face}: less than {least:g} % is noticed"
    for (face, cluster), count in counts.items():
        if 100 * count[SURVIVED] > (100 - least) * count.total():
            yield f"{face} of {cluster}: more than {100 - least:g} % is neither noticed nor excused"


if __name__ == "__main__":
    sys.exit(main())
