"""forget with a made-up API server; tests/engines/changes/test_forget.py has a real one."""

from __future__ import annotations

import pytest

from tests.platforms import one_platform

from .conftest import nodes_of, states

pytestmark = one_platform

# $STATE/nodes: NAME Ready; pods: NAMESPACE/NAME NODE; volumes: rows as the template makes them; claims: NAMESPACE/NAME
# volume; waiting: NAMESPACE/NAME of pods without a node. A claim that is to go goes with the pods.
KUBECTL = r"""
after() { sed "s/.* $1 \([^ ]*\).*/\1/" <<<"$*"; }
cd "$STATE"
case $* in
  *--raw=/healthz*) ;;
  *' get node '*Ready*) sed -n "s/^$(after 'get node' "$*") //p" nodes ;;
  *' get node '*) grep -o "^$(after 'get node' "$*") " nodes || true ;;
  *' get nodes '*) sed 's/\([^ ]*\) .*/node\/\1/' nodes ;;
  *' get persistentvolumes '*go-template*) cat volumes ;;
  *' get persistentvolumes '*) sed 's/|.*//; s/^/persistentvolume\//' volumes ;;
  *' get pods '*spec.nodeName=*) sed -n "s/ $(sed 's/.*spec.nodeName=\([^ ]*\).*/\1/' <<<"$*")\$//p" pods ;;
  *' get pods '*) cat waiting ;;
  *' get persistentvolumeclaim '*volumeName*) sed -n "s/^$(sed 's/.*namespace=//' <<<"${*:2:1}")\/$5 //p" claims ;;
  *' get persistentvolumeclaim '*) grep -o "^$(sed 's/.*namespace=//' <<<"${*:2:1}")/$5 " claims || true ;;
  *' delete persistentvolumeclaim '*) echo "${2#--namespace=}/$5" >>going ;;
  *' delete node '*) sed -i "/^$4 /d" nodes ;;
  *' delete pod '*)
    sed -i "/^${2#--namespace=}\/$5\( \|\$\)/d" pods waiting
    [[ ! -e going || -e stuck ]] || while read -r claim; do sed -i "/^${claim//\//\\/} /d" claims; done <going ;;
  *' delete persistentvolume '*) sed -i "/^$4|/d" volumes ;;
esac
"""


@pytest.fixture
def box(cluster, sandbox):
    """verne-9 is lost, with a broker's volume; the inventory's own volumes are there."""
    sandbox.write(sandbox.text.replace("CLAIMS_PATIENCE=120", "CLAIMS_PATIENCE=0"))
    sandbox.fake("kubectl", nodes_of(cluster) + KUBECTL)
    sandbox.fake("sleep", "")
    own = "".join(
        f"{disk.persistent_volume}|{disk.node.name}|{disk.host_path}|{service.namespace}|{disk.claim}\n"
        for service, _, disk in cluster.disks
    )
    for name, text in {
        "nodes": "master True\nverne-9 Unknown\n",
        "pods": "dojot/vernemq-k8s-2 verne-9\nkube-system/kube-proxy-x verne-9\ndojot/auth dojot\n",
        "volumes": f"{own}old-2|verne-9|/mnt/data/vernemq|dojot|db-2\nnever|verne-9|/mnt/data/one||\n",
        "claims": "dojot/db-2 old-2\n",
        "waiting": "",
    }.items():
        (sandbox.state / name).write_text(text)
    return sandbox


def _run(box, cluster, *words: str):
    return box.run("forget", "--kubeconfig=/none", "--gone=verne-9", f"--yes={cluster.name}", *words)


def _changes(box) -> list[str]:
    return [call.split(" delete ")[1].split(" --")[0] for call in box.calls if " delete " in call]


def test_all_of_it_goes_and_the_volumes_last(box, cluster):
    done = _run(box, cluster)
    assert done.returncode == 0, done.stderr
    assert _changes(box) == [
        "persistentvolumeclaim db-2",
        "node verne-9",
        "pod vernemq-k8s-2",
        "pod kube-proxy-x",
        "persistentvolume old-2",
        "persistentvolume never",
    ]
    assert states(done.stdout) == {"done", "ok"}
    done = _run(box, cluster)
    assert (
        done.stdout == "skipped: nothing in the cluster is of verne-9; its nodes are: master\n" and not done.returncode
    )


def test_it_says_what_is_lost_and_asks_for_the_clusters_name(box, cluster):
    done = box.run("forget", "--kubeconfig=/none", "--gone=verne-9")
    assert done.returncode == 1 and not _changes(box)
    assert "  dojot/db-2 (/mnt/data/vernemq)\n" in done.stderr and "type the name of the cluster" in done.stderr
    assert f"failed: the name of the cluster is {cluster.name}, not empty: nothing was changed\n" in done.stderr


@pytest.mark.parametrize("at", ["delete node", "delete pod", "delete persistentvolume"])
def test_killed_and_run_again_it_goes_on(box, cluster, at):
    path = box.folder / "bin" / "kubectl"
    body = path.read_text()
    path.write_text(body.replace("\ncase", f'\n[[ " $* " != *" {at} "* ]] || {{ kill -KILL $PPID; exit; }}\ncase', 1))
    assert _run(box, cluster).returncode < 0
    path.write_text(body)
    done = _run(box, cluster)
    assert done.returncode == 0, done.stderr
    assert _run(box, cluster).stdout.startswith("skipped: nothing in the cluster is of verne-9")


def test_a_claim_that_was_made_since_stays(box, cluster):
    (box.state / "claims").write_text("dojot/db-2 new-2\n")
    done = _run(box, cluster)
    assert done.returncode == 0 and not any("claim" in change for change in _changes(box)), done.stderr
    assert (box.state / "claims").read_text() == "dojot/db-2 new-2\n"


def test_a_pod_without_its_claim_is_made_anew(box, cluster):
    (box.state / "waiting").write_text("dojot/vernemq-k8s-2\n")
    (box.state / "pods").write_text("dojot/other verne-9\n")
    done = _run(box, cluster)
    assert done.returncode == 0, done.stderr
    assert "done: have made anew, with their claim: dojot/vernemq-k8s-2\n" in done.stdout


def test_a_claim_that_does_not_go_is_named(box, cluster):
    (box.state / "stuck").touch()
    done = _run(box, cluster)
    assert done.returncode == 1 and "s these claims are still there: dojot/db-2. " in done.stderr
    assert "persistentvolume old-2" not in _changes(box)


def test_what_must_not_be_forgotten(box, cluster):
    worker = cluster.workers[-1].name
    done = box.run("forget", "--kubeconfig=/none", f"--gone={worker}", f"--yes={cluster.name}")
    assert done.returncode == 1 and f"the inventory of {cluster.name} has {worker}: take it out there" in done.stderr
    (box.state / "nodes").write_text("master True\nverne-9 True\n")
    done = _run(box, cluster)
    assert (
        done.returncode == 1 and "failed: node verne-9 is Ready. If it is to go: kubectl drain verne-9 " in done.stderr
    )
    (box.state / "nodes").write_text("master True\nverne-9 False\n")
    volumes = (box.state / "volumes").read_text()
    (box.state / "volumes").write_text(volumes.partition("\n")[2])
    done = _run(box, cluster)
    assert (
        done.returncode == 1 and f"yet: {volumes.partition('|')[0]}. Merge the inventory without verne-9" in done.stderr
    )
    assert box.run("forget").returncode == 2 and not _changes(box)


def test_dry_run_tells_all_and_does_nothing(box, cluster):
    done = box.run("forget", "--kubeconfig=/none", "--gone=verne-9", "--dry-run")
    assert done.returncode == 0 and states(done.stdout) == {"would"} and not _changes(box), done.stderr
    assert "would: give up the claim dojot/db-2\n" in done.stdout
