"""Whose is the Argo CD that is there already? Only its own does the step change."""

from __future__ import annotations

import os
import shlex

import pytest

from tests.platforms import one_platform

from .conftest import nodes_of

pytestmark = [one_platform, pytest.mark.skipif(os.geteuid() != 0, reason="this step runs as root only")]
MARK = "dojot.components/installed-by=bootstrap.sh"
# A cluster that has what the files in $STATE say; `applied` is all that has been sent to it.
KUBECTL = r"""
has() { [[ ! -e $STATE/$1 ]] || cat "$STATE/$1"; }
case $* in
  *get\ namespace\ *) [[ ! -e $STATE/namespace ]] || printf 'namespace %s' "$(has namespace)" ;;
  *get\ customresourcedefinitions\ *) has kinds ;;
  *get\ deployments,statefulsets\ *) has workloads ;;
  *get\ --filename=*) has known ;;
  *go-template=*affinity*) has place ;;
  *create\ --filename=-*) cat >>"$STATE/created"
    sed -n 's/^    dojot.components.installed-by: //p' "$STATE/created" >"$STATE/namespace" ;;
  *annotate\ namespace*) sed 's/.*=//' <<<"$*" >"$STATE/namespace" ;;
  *\ diff\ *) exit 1 ;;
esac
"""


@pytest.fixture
def at(sandbox, cluster, text):
    """The step up to where Argo CD is installed."""
    sandbox.write(
        text.replace(
            '  fetch "$ARGOCD_MANIFEST_URL"', '  report ok "goes on"\n  exit 0\n  fetch "$ARGOCD_MANIFEST_URL"'
        )
    )
    sandbox.fake("kubectl", nodes_of(cluster) + KUBECTL)
    (sandbox.folder / "argocd").mkdir()
    for name in ("argocd-cm.yml", "project.yml", "application.yml"):
        (sandbox.folder / "argocd" / name).write_text("\n")
    return sandbox


def _has(at, **state: str) -> None:
    for name in ("namespace", "kinds", "workloads", "known", "place"):
        (at.state / name).unlink(missing_ok=True)
        if name in state:
            (at.state / name).write_text(state[name])


def _place(cluster) -> str:
    return f"{cluster.group_label} In [{cluster.groups[cluster.platform.argocd.group].label}]"


def _changes(at) -> list[str]:
    return [
        call
        for call in at.calls
        if any(f" {verb} " in call for verb in ("create", "annotate", "apply", "patch", "label", "delete"))
    ]


KINDS = "customresourcedefinition/applications.argoproj.io\ncustomresourcedefinition/appprojects.argoproj.io\n"
WORKLOADS = "deployment.apps/argocd-server\nstatefulset.apps/argocd-application-controller\n"


def test_it_is_created_with_its_mark_and_known_again(at, cluster):
    for _ in range(2):
        done = at.run("argocd")
        assert done.returncode == 0 and done.stdout.endswith("ok: goes on\n"), done.stderr
    assert len(_changes(at)) == 1 and "annotate" not in _changes(at)[0]
    assert f"  name: {cluster.platform.argocd.namespace}\n" in (at.state / "created").read_text()
    # A run that was cut off after that has left whatever it left.
    _has(at, namespace="bootstrap.sh", kinds=KINDS, workloads=WORKLOADS)
    assert "ok: goes on\n" in at.run("argocd").stdout and len(_changes(at)) == 1


@pytest.mark.parametrize(
    "state",
    [
        {"namespace": ""},
        {"namespace": "", "kinds": KINDS, "workloads": WORKLOADS, "known": "appproject/x\n", "place": "ours"},
    ],
)
def test_an_empty_namespace_and_one_of_an_earlier_version_get_the_mark(at, cluster, state):
    state = {name: _place(cluster) if name == "place" else value for name, value in state.items()}
    _has(at, **state)
    planned = at.run("argocd", "--dry-run")
    assert "would: mark namespace" in planned.stdout and _changes(at) == []
    done = at.run("argocd")
    assert done.returncode == 0 and done.stdout.endswith("ok: goes on\n"), done.stderr
    (change,) = _changes(at)
    assert change.endswith(f"annotate namespace {cluster.platform.argocd.namespace} --overwrite {MARK}")


OTHERS = {
    "of others": {"namespace": "", "kinds": KINDS, "workloads": WORKLOADS},
    "marked by others": {"namespace": "helm", "kinds": KINDS, "workloads": WORKLOADS},
    "in another namespace": {"kinds": KINDS},
    "in another namespace, beside an empty one": {"namespace": "", "kinds": KINDS},
    "something else": {"namespace": "", "workloads": WORKLOADS},
    # Whoever uses an Argo CD of others applies our project to it by hand.
    "of others, which knows the cluster": {
        "namespace": "",
        "kinds": KINDS,
        "workloads": WORKLOADS,
        "known": "appproject/x\n",
        "place": "",
    },
    "of others, placed as ours": {
        "namespace": "",
        "kinds": KINDS,
        "workloads": WORKLOADS,
        "known": "",
        "place": "ours",
    },
}


@pytest.mark.parametrize("whose", OTHERS)
def test_others_are_left_alone(at, cluster, whose):
    _has(at, **{name: _place(cluster) if value == "ours" else value for name, value in OTHERS[whose].items()})
    done = at.run("argocd")
    assert (done.returncode, done.stdout, _changes(at)) == (1, "", [])
    said = done.stderr
    assert "there is an Argo CD" in said and "nothing was changed" in said
    assert "platform.argocd.existing: true" in said
    planned = at.run("argocd", "--dry-run")
    assert (planned.returncode, _changes(at)) == (0, [])
    assert planned.stdout.startswith("would: refuse: there is an Argo CD") and "goes on" not in planned.stdout

    # What it says to do when it is to be handed over.
    commands = said.partition(f"on {_place(cluster).replace(' In [', '=').rstrip(']')}: ")[2].partition(
        ", then this step again"
    )[0]
    for command in commands.split(", then "):
        words = shlex.split(command)
        assert words[0] == "kubectl"
        if words[1:3] == ["create", "namespace"]:
            (at.state / "namespace").write_text("")
        else:
            assert words[1:] == ["annotate", "namespace", cluster.platform.argocd.namespace, MARK]
            (at.state / "namespace").write_text("bootstrap.sh")
    assert "ok: goes on\n" in at.run("argocd").stdout


def test_a_question_that_is_not_answered_changes_nothing(at):
    at.fake(
        "kubectl",
        (at.folder / "bin/kubectl")
        .read_text()
        .replace(
            "*get\\ customresourcedefinitions\\ *) has kinds ;;", "*get\\ customresourcedefinitions\\ *) exit 1 ;;"
        ),
    )
    done = at.run("argocd")
    assert done.returncode == 1 and _changes(at) == [] and "goes on" not in done.stdout


# An Argo CD of others, which the inventory says is there; `application` and `project` are those of the cluster's name.
USED = r"""
has() { [[ ! -e $STATE/$1 ]] || cat "$STATE/$1"; }
case $* in
  *get\ customresourcedefinitions\ *) has kinds ;;
  *get\ deployments,statefulsets\ *) has workloads ;;
  *get\ --filename=*application.yml*) has application ;;
  *get\ --filename=*project.yml*) has project ;;
  *get\ configmap\ *) has settings ;;
  *patch\ --local*) has patched ;;
  *\ diff\ *) exit 1 ;;
esac
"""


@pytest.fixture
def beside(at, cluster, text):
    at.write(text.replace("readonly ARGOCD_EXISTING=false", "readonly ARGOCD_EXISTING=true"))
    at.fake("kubectl", nodes_of(cluster) + USED)
    for name, line in (("application", "path: compiled/mine/manifests"), ("project", "description: Mine")):
        (at.folder / "argocd" / f"{name}.yml").write_text(f"spec:\n  {line}\n")
    _state(at, kinds=KINDS, workloads=WORKLOADS)
    return at


def _state(at, **state: str) -> None:
    for name, value in state.items():
        (at.state / name).write_text(value)


OURS = {"application": "compiled/mine/manifests", "project": "Mine"}


@pytest.mark.parametrize("again", [False, True])
def test_an_existing_one_gets_two_objects_and_no_more(beside, again):
    if again:
        _state(beside, **OURS)
    planned = beside.run("argocd", "--dry-run")
    assert planned.returncode == 0 and "would: apply the Argo CD project" in planned.stdout, planned.stdout
    assert _changes(beside) == []
    done = beside.run("argocd")
    assert done.returncode == 0, done.stderr
    changes = [change.rpartition("/")[2] for change in _changes(beside)]
    assert changes == ["project.yml", "application.yml"] and all(" apply " in one for one in _changes(beside))
    assert "ask its owner for the keys of argocd/argocd-cm.yml" in done.stderr


def test_its_settings_are_looked_at(beside):
    _state(beside, settings="data: {}\n", patched="configmap/argocd-cm patched (no change)")
    done = beside.run("argocd")
    assert "ok: its argocd-cm has the health check" in done.stdout and "ask its owner" not in done.stderr


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"kinds": ""}, "there is no Argo CD in namespace"),
        ({"workloads": ""}, "there is no Argo CD in namespace"),
        ({"application": "apps/billing"}, "has an Application"),
        ({"application": "<no value>"}, "has an Application"),
        ({"project": "Billing"}, "has an AppProject"),
        ({"project": "<no value>"}, "has an AppProject"),
    ],
)
def test_what_is_not_ours_is_never_taken_over(beside, state, words):
    _state(beside, **state)
    done = beside.run("argocd")
    assert (done.returncode, done.stdout, _changes(beside)) == (1, "", [])
    assert words in done.stderr and "Nothing was changed" in done.stderr
    planned = beside.run("argocd", "--dry-run")
    assert (planned.returncode, _changes(beside)) == (0, []) and planned.stdout.startswith("would: refuse: ")
