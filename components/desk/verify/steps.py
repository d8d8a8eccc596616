"""What the steps themselves say: with --dry-run what they would change on each host, and the step verify.

A step reports a line a thing (bootstrap/README.md, "What a line says"): nothing of what it looks at is written again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from components.kubeadm.steps import Step

from ..hosts import Host
from ..plan import Task
from ..run import SCRIPT
from ..ssh import Desk, Ended
from .finding import CLUSTER, Finding

SOURCE, INSIDE = "hosts", "inside"
VERIFY, CERTIFICATES = "verify", "certificates"
_DRY = "--dry-run"
_PLANNED, _WRONG, _REFUSED = "would: ", "failed: ", "refuse: "
# It follows from what else would be changed.
_WAITS = "would: wait until "
_FILE = re.compile(r"(?:write|remove) (/\S+)")
#: What a line of verify is about -> where to look, where the line itself does not say it.
_WAYS_OUT = tuple(
    (re.compile(words), do)
    for words, do in {
        r"node (\S+) is": r"kubectl describe node \1; for its label: bootstrap.sh labels on the control plane",
        r"pod (\S+)/(\S+) is": r"kubectl --namespace=\1 describe pod \2",
        r"Job (\S+)/(\S+) is": r"kubectl --namespace=\1 logs job/\2",
        r"pods run in namespace (\S+)": r"kubectl --namespace=\1 get events",
        r"PersistentVolume (\S+) is": r"kubectl describe persistentvolume \1",
        r"(\S+) answers on port": r"systemctl status haproxy on \1",
        r"the Argo CD application": "kubectl --namespace=argocd describe applications.argoproj.io",
        r"server (\S+) gets": r"what it says; one that is down: the pods of its listener on \1",
    }.items()
)
# The last line of a step that has said before what is wrong.
_SUM = re.compile(r"\d+ things are not as the inventory says")


def asked(steps: Iterable[Step], tasks: Sequence[Task], host: Host) -> list[Step]:
    """Which steps tell of a host. Those that only make what another one needs do not: that one tells."""
    found = [task.step for task in tasks if task.host == host and _DRY in task.step.options and not task.step.needed_by]
    # Of no bring-up, but of each year: it says which certificates end soon.
    return found + [step for step in steps if step.name == CERTIFICATES and step.machine in host.places]


async def look(desk: Desk, asked: Sequence[Step], host: Host, folder: str, cluster: str) -> list[Finding]:
    """A step after another. Unreached."""
    found: list[Finding] = []
    for step in asked:
        ended = await desk.as_root(host, "bash", f"{folder}/{SCRIPT}", step.name, _DRY, check=False)
        found += of_dry_run(ended, step.name, host, cluster)
    return found


async def look_inside(desk: Desk, host: Host, folder: str) -> list[Finding]:
    """The step verify: on a control plane of the cluster, on the load balancer of HAProxy. Unreached."""
    ended = await desk.as_root(host, "bash", f"{folder}/{SCRIPT}", VERIFY, check=False)
    return of_verify(ended, host.name if "load balancer" in host.places else CLUSTER)


def of_dry_run(ended: Ended, step: str, host: Host, cluster: str) -> list[Finding]:
    run = f"make up CLUSTER={cluster} ARGS='--hosts {host.name} --only {step}' (or there: bootstrap.sh {step})"
    # No part of make up.
    run = f"on {host.name}: bootstrap.sh {step}" if step == CERTIFICATES else run
    found = []
    for line in _lines(ended):
        if line.startswith(_PLANNED + _REFUSED):
            said = line.removeprefix(_PLANNED + _REFUSED)
            found.append(_finding(host.name, f"step {step}", said, "what it says; then " + run))
        elif line.startswith(_PLANNED) and not line.startswith(_WAITS):
            said = line.removeprefix(_PLANNED)
            file = _FILE.match(said)
            found.append(_finding(host.name, file[1] if file else said, f"{step} would {said}", run))
        elif line.startswith(_WRONG):
            said = line.removeprefix(_WRONG)
            found.append(_finding(host.name, f"step {step}", said, "what it says; then " + run))
    return found or _broken(ended, host.name, step, SOURCE)


def of_verify(ended: Ended, where: str) -> list[Finding]:
    found = []
    for line in _lines(ended):
        said = line.removeprefix(_WRONG)
        if line.startswith(_WRONG) and not _SUM.fullmatch(said):
            what, _, wrong = said.partition(": ")
            found.append(
                Finding(where=where, what=what, wrong=wrong or "it is not so", do=_way_out(what), source=INSIDE)
            )
    return found or _broken(ended, where, VERIFY, INSIDE)


def _way_out(what: str) -> str:
    return next((found.expand(do) for words, do in _WAYS_OUT if (found := words.match(what))), "what it says")


def _lines(ended: Ended) -> Iterator[str]:
    yield from (line.strip() for text in (ended.output, ended.errors) for line in text.splitlines())


def _finding(where: str, what: str, wrong: str, do: str) -> Finding:
    return Finding(where=where, what=what, wrong=wrong, do=do, source=SOURCE)


def _broken(ended: Ended, where: str, step: str, source: str) -> list[Finding]:
    """A script that ends badly without saying why."""
    if not ended.code:
        return []
    said = (ended.errors or ended.output).strip().rpartition("\n")[2]
    return [
        Finding(
            where=where,
            what=f"step {step}",
            wrong=f"it ends with {ended.code}: {said or 'it says nothing'}",
            do=f"run bootstrap.sh {step} there, and see what it says",
            source=source,
        )
    ]
