"""Build a cluster from nothing on this machine, from its compiled files, and look at it at work.

Its hosts, its Kubernetes and its network are real; differences.yml has the list of what is not as in production, and
it is printed first. Root alone can run this. Exit codes: 0 all is well, 1 something is not, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from _pytest.outcomes import OutcomeException

from components.cluster.conntrack import conntrack_min
from components.cluster.read import read_cluster
from components.cluster.types import Cluster
from scripts.engine_catalogue import Missing, cache_folder
from tests.engines.argocd.repository import Repository
from tests.engines.bootstrap.sshd import Keys
from tests.rehearsal import desk, drifting, git_server, images
from tests.rehearsal.cluster import RehearsedCluster, Stuck
from tests.rehearsal.differences import differences, told
from tests.rehearsal.faults import control_planes
from tests.rehearsal.images import nodes
from tests.rehearsal.machine import borrowed
from tests.rehearsal.packages import REAL
from tests.rehearsal.parts import parts
from tests.rehearsal.registry import registries
from tests.rehearsal.report import Report
from tests.rehearsal.site import RehearsalSite, Wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    clusters = sorted(path.stem for path in (ROOT / "inventory" / "targets").glob("*.yml"))
    parser.add_argument("cluster", choices=clusters, metavar="CLUSTER", help=f"one of {', '.join(clusters)}")
    parser.add_argument("--logs", type=Path, help="folder for what steps and programs say (default: one in /var/tmp)")
    parser.add_argument("--nodes-only", action="store_true", help="without Argo CD and what it brings")
    parser.add_argument(
        "--from-one-desk", action="store_true", help="by make up over SSH, not host by host, and in the end make down"
    )
    parser.add_argument("--faults", action="store_true", help="kill a broker, a host ..., and see it recover by itself")
    parser.add_argument("--defects", action="store_true", help="put back what was wrong once, and see it found")
    parser.add_argument("--drift", action="store_true", help="break one thing at a time, and see make verify find it")
    parser.add_argument("--runbooks", action="store_true", help="go through the runbooks of a cluster's later days")
    parser.add_argument(
        "--only", metavar="PATTERN", help="of those, the ones in whose function's name this is (--drift: GROUP: NAME)"
    )
    parser.add_argument("--hold", action="store_true", help="before it is taken down, wait for Enter")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        print("rehearsal: hosts in namespaces of their own need root: run this with sudo", file=sys.stderr)
        return 2
    logs = arguments.logs or Path(tempfile.mkdtemp(prefix=f"{arguments.cluster}-rehearsed-", dir="/var/tmp"))
    logs.mkdir(parents=True, exist_ok=True)
    report = Report(logs)
    # As Ctrl-C: whatever is built is taken down.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        _rehearse(arguments, report)
    except (Stuck, Wrong, Missing) as failure:
        report.fail(str(failure))
    except OutcomeException as missing:
        report.fail(missing.msg)
    except KeyboardInterrupt:
        report.fail("interrupted")
    except Exception as error:
        report.log("tracebacks", traceback.format_exc())
        report.fail(repr(error))
    print(report.table())
    for failure in report.failures:
        print(f"failed: {failure}")
    print(f"What steps and programs said is in {logs}.")
    return 1 if report.failures else 0


def _rehearse(arguments: argparse.Namespace, report: Report) -> None:
    os.chdir(ROOT)
    print("\n".join(["Otherwise than in production:", *told()]), flush=True)
    name = arguments.cluster
    cluster, compiled = read_cluster(name), ROOT / "compiled" / name
    with ExitStack() as stack:
        machine = differences()["machine"]
        folder = stack.enter_context(borrowed(_of_the_machine(machine, cluster), machine["put_back"]))
        with report.stage("images"):
            made = nodes.layouts(cluster, cache_folder() / "images", compiled / "bootstrap" / "pod-network.yml")
            if not arguments.nodes_only:
                made |= images.layouts(name)
        with report.stage("packages"):
            repository = Repository(folder / "repository", cluster.git.revision)
            repository.put(compiled, f"compiled/{name}")
            repository.commit("compiled")
            internet = {**registries(made), **git_server.served(cluster.git.repository, repository)}
            site = stack.enter_context(RehearsalSite(cluster, compiled, folder, REAL, internet))
        rehearsed = RehearsedCluster(site, report, repository)
        stack.callback(_end, rehearsed, arguments.hold)
        person = None
        keys = Keys(folder / "keys")
        if arguments.drift:
            site.keys = keys
        if arguments.from_one_desk:
            person = desk.bring_up(rehearsed, keys, arguments.nodes_only)
        else:
            rehearsed.boot()
            rehearsed.to_ready()
            if not arguments.nodes_only:
                rehearsed.to_synced()
            rehearsed.to_balanced()
        if not arguments.nodes_only:
            with report.stage("verify"):
                rehearsed.verify()
            for check in parts("checks"):
                _do(check, rehearsed)
            if arguments.drift:
                drifting.drift(rehearsed, arguments.only or "")
            for kind in ("faults", "defects", "runbooks"):
                for part in parts(kind, arguments.only or "") if getattr(arguments, kind) else ():
                    _do(part, rehearsed)
                    with report.stage(f"{_words(part)}: recovered"):
                        rehearsed.recovered()
        elif arguments.faults:
            # What needs no pods of dojot.
            for part in control_planes.FAULTS:
                if re.search(arguments.only or "", part.__name__):
                    _do(part, rehearsed)
        rehearsed.again()
        for host, used in site.memory().items():
            report.figure(f"memory of {host}", f"{used / 2**20:,.0f} MB")
        if person:
            desk.give_up(rehearsed, person)


def _do(part: Callable[[RehearsedCluster], None], rehearsed: RehearsedCluster) -> None:
    """One check, fault or defect: what it stumbles over is a finding, and the others have their turn."""
    report = rehearsed.report
    with report.stage(_words(part)):
        try:
            part(rehearsed)
        except Stuck:
            raise
        except Exception as error:
            report.log("tracebacks", traceback.format_exc())
            report.fail(f"{_words(part)}: {error!r}")


def _words(part: Callable[..., None]) -> str:
    return part.__name__.replace("_", " ")


def _end(rehearsed: RehearsedCluster, hold: bool) -> None:
    """Before it is taken down."""
    rehearsed.keep_logs()
    if hold:
        rehearsed.report.say("held: Enter takes it down")
        sys.stdin.readline()


def _of_the_machine(machine: dict[str, Any], cluster: Cluster) -> dict[str, int]:
    """Kernel settings as differences.yml says, on this number of processors."""
    connections = max(conntrack_min(cluster), machine["connections_per_cpu"] * (os.cpu_count() or 1))
    return {**machine["sysctl"], "net.netfilter.nf_conntrack_max": connections}


if __name__ == "__main__":
    sys.exit(main())
