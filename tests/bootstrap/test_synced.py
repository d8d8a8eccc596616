"""Waiting for Argo CD: patiently, and not for ever."""

from __future__ import annotations

import pytest

from .conftest import nodes_of

# What the Application says is in $STATE/said; a line is taken with each question, the last one stays.
KUBECTL = r"""
case " $* " in
  *" --raw=/healthz "*) echo ok ;;
  *" get applications.argoproj.io "*)
    head -n 1 "$STATE/said"
    if (($(wc -l <"$STATE/said") > 1)); then sed -i 1d "$STATE/said"; fi ;;
esac
"""


@pytest.fixture
def box(sandbox, cluster):
    sandbox.fake("kubectl", nodes_of(cluster) + KUBECTL)
    sandbox.fake("sleep", "")
    return sandbox


def test_it_waits_until_all_is_there(box):
    (box.state / "said").write_text(
        "\nOutOfSync Missing\nSynced Progressing, Deployment auth Degraded\nSynced Healthy\n"
    )
    done = box.run("synced")
    assert (done.returncode, done.stdout) == (0, "ok: the application is Synced and Healthy\n"), done.stderr
    told = [line for line in done.stderr.splitlines() if "the application is: " in line]
    assert [line.partition("is: ")[2] for line in told] == [
        "OutOfSync Missing",
        "Synced Progressing, Deployment auth Degraded",
    ]


def test_patience_has_an_end(box):
    (box.state / "said").write_text("Synced Degraded, Job kong-migrate Degraded\n")
    # As if it had been at it for that long.
    done = box.run("synced", "--patience", "7", SECONDS="420")
    assert done.returncode == 1
    assert "after 7 minutes the application is: Synced Degraded, Job kong-migrate Degraded. kubectl " in done.stderr


@pytest.mark.parametrize("patience", ["0", "soon", "-3"])
def test_a_patience_that_is_none_is_wrong_use(box, patience):
    (box.state / "said").write_text("Synced Healthy\n")
    done = box.run("synced", f"--patience={patience}")
    assert done.returncode == 2 and "is no number of minutes" in done.stderr
