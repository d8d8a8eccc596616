"""A worker leaves by the runbook (docs/operations.md), and joins anew: nothing that was left on it hinders."""

from __future__ import annotations

from tests.rehearsal import traces
from tests.rehearsal.cluster import JOIN_FILE, RehearsedCluster

_STEP = 900


def remove_a_worker_and_let_it_join_anew(made: RehearsedCluster) -> None:
    """It refuses while pods run there; then nothing is left of the cluster; then all is as it was."""
    worker = made.workers[-1]
    done = worker.step("remove", f"--yes={made.cluster.name}", timeout=_STEP)
    if done.returncode != 1 or f"kubectl drain {worker.name} " not in done.stderr:
        made.report.fail(f"remove does not refuse a worker with pods: exit code {done.returncode}: {done.stderr}")
    if made.unready_nodes():
        made.report.fail("remove has refused, and a node is not Ready")
    # In a lab of one worker there is nowhere to drain to.
    done = made.step(worker, "remove", "--force", f"--yes={made.cluster.name}")
    made.report.log("removed", done)
    if left := traces.left_on(worker):
        made.report.fail(f"{worker.name} has left, and has still: {left}")
    again = {line.partition(":")[0] for line in made.step(worker, "remove", f"--yes={made.cluster.name}").splitlines()}
    if again != {"skipped", "ok"}:
        made.report.fail(f"a second remove says {', '.join(sorted(again))}")
    made.kubectl("delete", "node", worker.name)

    for step in ("node", "volumes"):
        made.step(worker, step)
    made.step(made.master, "join-token")
    worker.put(JOIN_FILE, made.master.read(JOIN_FILE))
    made.step(worker, "worker")
    for step in ("join-done", "labels"):
        made.step(made.master, step)
    made.wait(lambda: not made.unready_nodes(), "a node is not Ready", made.unready_nodes, 300)
    if not all(volume.persistent for service in made.cluster.services for volume in service.volumes):
        # Databases begin with nothing, and jobs of a sync fill them.
        place = f"--namespace={made.cluster.platform.argocd.namespace}", "application", made.cluster.name
        made.kubectl("patch", *place, "--type=merge", '--patch={"operation": {"sync": {}}}')
    for namespace in (*made.cluster.namespaces, "kube-system"):
        made.ready(namespace, 900)


RUNBOOKS = (remove_a_worker_and_let_it_join_anew,)
