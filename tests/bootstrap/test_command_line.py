"""Help, usage errors and exit codes."""

from __future__ import annotations

import pytest

STEPS = [
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


def test_help_names_every_step(sandbox):
    done = sandbox.run("--help")
    assert done.returncode == 0
    for step in STEPS:
        assert f"\n  {step} " in done.stdout


@pytest.mark.parametrize("step", ["node", "load-balancer"])
def test_a_step_has_help_and_does_nothing_else(sandbox, step):
    done = sandbox.run(step, "--help")
    assert (done.returncode, done.stderr, sandbox.calls) == (0, "", [])
    assert done.stdout.startswith(f"bootstrap.sh {step}: ")


@pytest.mark.parametrize(
    "arguments",
    [(), ("nosuch",), ("node", "volumes"), ("node", "--nosuch"), ("node", "--node"), ("node", "--root=/no/such")],
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


def test_an_unknown_node_is_a_failure(sandbox, cluster):
    done = sandbox.run("volumes", "--node", "nosuch", "--dry-run")
    assert done.returncode == 1
    assert done.stderr == f"failed: the inventory of {cluster.name} has no node nosuch\n"
