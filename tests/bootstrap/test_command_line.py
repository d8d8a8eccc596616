"""Help, usage errors and exit codes."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT

#: In this order, whatever else comes between.
ORDER = [
    "plan",
    "node",
    "volumes",
    "control-plane",
    "join-token",
    "worker",
    "join-done",
    "labels",
    "secrets",
    "argocd",
    "node-ports",
    "load-balancer",
    "verify",
]


def test_help_names_every_step_in_order(sandbox):
    done = sandbox.run("--help")
    assert done.returncode == 0
    named = re.findall(r"^  ([a-z][a-z-]+) +\S", done.stdout, re.M)
    assert sorted(named) == sorted(path.stem for path in (ROOT / "bootstrap" / "steps").glob("*.sh"))
    assert [step for step in named if step in ORDER] == ORDER


def test_help_explains_every_option(sandbox):
    said = sandbox.run("--help").stdout.partition("\nOptions:\n")[2]
    assert set(re.findall(r"^  (--[a-z-]+)(?: [A-Z]+)? +\S", said, re.M)) >= OPTIONS
    assert max(map(len, said.splitlines())) <= 110


OPTIONS = {
    "--compiled",
    "--dry-run",
    "--force",
    "--help",
    "--join-file",
    "--kubeconfig",
    "--node",
    "--node-ports",
    "--root",
    "--server",
    "--wait",
}


@pytest.mark.parametrize("step", ["node", "load-balancer"])
def test_a_step_has_help_and_does_nothing_else(sandbox, step):
    done = sandbox.run(step, "--help")
    assert (done.returncode, done.stderr, sandbox.calls) == (0, "", [])
    assert done.stdout.startswith(f"bootstrap.sh {step}: ")
    named = set(re.findall(r"^  (--[a-z-]+) ", done.stdout, re.M))
    assert {"--dry-run", "--root"} <= named < OPTIONS and ("--compiled" in named) == (step == "load-balancer")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nosuch",),
        ("node", "volumes"),
        ("node", "--nosuch"),
        ("node", "--node"),
        ("node", "--node="),
        ("node", "--dry-run=yes"),
        ("node", "--root=/no/such"),
    ],
)
def test_wrong_usage_is_exit_code_2(sandbox, arguments):
    done = sandbox.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("bootstrap.sh: ") and done.stderr.count("\n") == 1


def test_plan_names_every_machine(sandbox, cluster):
    done = sandbox.run("plan")
    assert done.returncode == 0
    for name, address in [(n.name, n.address) for n in cluster.nodes]:
        assert f"{name} ({address})" in done.stdout
    assert cluster.load_balancer.address in done.stdout
    commands = re.findall(r"^      bootstrap\.sh ([a-z-]+)", done.stdout, re.M)
    assert [step for step in commands if step in ORDER] == [
        step for step in ORDER if step not in ("plan", "node-ports")
    ]
    workers = done.stdout.partition("every worker: ")[2].partition("bootstrap.sh")[0]
    assert workers.count("(") == len(cluster.workers) and cluster.control_plane.address not in workers


def test_an_unknown_node_is_a_failure(sandbox, cluster):
    done = sandbox.run("volumes", "--node", "nosuch", "--dry-run")
    assert done.returncode == 1
    assert done.stderr == f"failed: the inventory of {cluster.name} has no node nosuch\n"
