"""Change what was compiled, one thing at a time, and see which changes the checks do not notice.

A seeded sample of all single changes (a value altered; a key, list entry or line dropped) of each face and
cluster; the score is the share that is noticed. Survivors are listed by their shape, the most frequent first.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.mutants.changes import FACES, Change, apply, changes, words

_TREES: dict = {}


def _tree(cluster: str):
    if cluster not in _TREES:
        from tests.compiled.conftest import _tree as read

        _TREES[cluster] = read(cluster)
    return _TREES[cluster]


def _begin() -> None:
    os.chdir(ROOT)


def _judged(work: tuple[str, list[Change]]) -> list[tuple[str, Change, str | None]]:
    from tests.mutants.judge import noticed

    cluster, part = work
    first: list[str] = []
    found = []
    for change in part:
        tree = _tree(cluster).copy()
        apply(change, tree)
        found.append((cluster, change, noticed(tree, first)))
    return found


def main() -> int:
    _begin()
    clusters = sorted(path.stem for path in (ROOT / "inventory" / "targets").glob("*.yml"))
    parser = argparse.ArgumentParser(
        prog="make mutants", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cluster", nargs="*", metavar="CLUSTER", help=f"default: all ({', '.join(clusters)})")
    parser.add_argument("--face", choices=FACES, action="append", help="default: all")
    parser.add_argument(
        "--sample", type=int, default=60, help="changes of each face and cluster (default: %(default)s)"
    )
    parser.add_argument("--all", action="store_true", help="every change instead of a sample")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (default: %(default)s)")
    parser.add_argument(
        "--least", type=float, default=0, metavar="PERCENT", help="exit code 1 if a face has a lower score"
    )
    parser.add_argument(
        "--survivors", type=int, default=20, metavar="N", help="shapes to list of each face (default: %(default)s)"
    )
    arguments = parser.parse_args()
    unknown = [name for name in arguments.cluster if name not in clusters]
    if unknown:
        parser.error(f"no cluster named {', '.join(unknown)}; there are {', '.join(clusters)}")

    work = []
    for cluster in arguments.cluster or clusters:
        for face in arguments.face or FACES:
            every = changes(_tree(cluster), face)
            if not arguments.all and len(every) > arguments.sample:
                every = random.Random(f"{arguments.seed} {cluster} {face}").sample(every, arguments.sample)
            work += [(cluster, every[start : start + 40]) for start in range(0, len(every), 40)]
    total = sum(len(part) for _, part in work)
    print(f"{total} changes of what was compiled ...", file=sys.stderr, flush=True)

    noticed: Counter[str] = Counter()
    made: Counter[str] = Counter()
    survivors: dict[str, Counter[str]] = {face: Counter() for face in FACES}
    examples: dict[str, str] = {}
    with multiprocessing.get_context("fork").Pool() as pool:
        for done in pool.imap_unordered(_judged, work):
            for cluster, change, name in done:
                made[change.face] += 1
                if name:
                    noticed[change.face] += 1
                    continue
                where, shape = words(change, _tree(cluster))
                survivors[change.face][shape] += 1
                examples.setdefault(shape, f"{cluster}/{where}")

    low = False
    for face in FACES:
        if not made[face]:
            continue
        score = 100 * noticed[face] / made[face]
        low = low or score < arguments.least
        print(f"{face}: {score:.1f} % of {made[face]} changes noticed")
        for shape, count in survivors[face].most_common(arguments.survivors):
            print(f"  {count:4} x {shape}\n         such as {examples[shape]}")
    if low:
        print(f"make mutants: a face is below {arguments.least:g} %", file=sys.stderr)
    return int(low)


if __name__ == "__main__":
    sys.exit(main())
