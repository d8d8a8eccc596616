#!/usr/bin/env python3
"""What a change reaches: clusters, and of each its services, its machines and the steps to run there.

Both sides are compiled and compared, so that nothing is named that stays as it is, and nothing is left out.

Exit code: 0 done; 1 the inventory is refused; 2 wrong use.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Python puts scripts/ there; the rooms are imported from the root.
    sys.path[0] = str(ROOT)

from components.review.between import WrongUse, between
from components.review.review import ReviewFailed
from components.review.types import ClusterReview

OK, FINDING, USAGE = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    # The faces and the paths in messages are relative to the repository.
    os.chdir(ROOT)
    try:
        found, _ = between(ROOT, options.base, options.head)
    except WrongUse as error:
        print(f"affected: {error}", file=sys.stderr)
        return USAGE
    except ReviewFailed as error:
        print(f"affected: {error}", file=sys.stderr)
        return FINDING
    if options.json:
        print(json.dumps([reached(cluster) for cluster in found.clusters], indent=2))
    else:
        for cluster in found.clusters:
            print(_text(reached(cluster)))
    for cluster in found.clusters:
        for line in cluster.findings:
            print(line, file=sys.stderr)
    return FINDING if any(cluster.how == "refused" for cluster in found.clusters) else OK


def reached(cluster: ClusterReview) -> dict[str, Any]:
    """{cluster, how, services, steps: {host: [step]}, files}, all sorted but the steps, which are in their order."""
    steps: dict[str, list[str]] = {}
    for step in cluster.steps:
        for host in step.hosts:
            steps.setdefault(host, []).append(step.step)
    return {
        "cluster": cluster.name,
        "how": cluster.how,
        "services": sorted({change.service for change in cluster.objects}),
        "steps": dict(sorted(steps.items())),
        "files": list(cluster.files),
    }


def _text(found: dict[str, Any]) -> str:
    lines = [f"{found['cluster']} ({found['how']})"]
    if found["services"]:
        lines.append(f"  services: {', '.join(found['services'])}")
    lines += [f"  {host}: {', '.join(steps)}" for host, steps in found["steps"].items()]
    lines += [f"  {file}" for file in found["files"]]
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="affected", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", default="main", metavar="COMMIT", help="what it is compared with (default: main)")
    parser.add_argument("--head", metavar="COMMIT", help="the change (default: the work tree, committed or not)")
    parser.add_argument("--json", action="store_true", help="as JSON, for other programs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
