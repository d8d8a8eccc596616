"""The workflows: actions pinned, tokens that may do as little as they can, and nobody's text in a command."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.conftest import ROOT

FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(path.name for path in FOLDER.glob("*.yml"))
#: What each may do at all, and what each of its jobs may.
PERMISSIONS = {
    "ci.yml": ({"contents": "read"}, {"test": None}),
    "review.yml": ({"contents": "read"}, {"review": None}),
    "review-comment.yml": ({}, {"comment": {"actions": "read", "contents": "read", "pull-requests": "write"}}),
}


def _workflow(name: str) -> dict:
    # `on` is a boolean of YAML 1.1.
    return yaml.load((FOLDER / name).read_text("utf-8"), yaml.BaseLoader)


def _steps(name: str) -> list[dict]:
    return [step for job in _workflow(name)["jobs"].values() for step in job["steps"]]


def test_each_has_the_permissions_that_are_meant():
    assert {
        name: (found["permissions"], {job: each.get("permissions") for job, each in found["jobs"].items()})
        for name in FILES
        for found in [_workflow(name)]
    } == PERMISSIONS


@pytest.mark.parametrize("name", FILES)
def test_actions_are_pinned_by_their_commit_and_say_their_version(name):
    lines = re.findall(r"uses: (.+)", (FOLDER / name).read_text("utf-8"))
    assert len(lines) == sum("uses" in step for step in _steps(name)) > 0
    assert not [line for line in lines if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)]


def test_one_action_has_one_pin():
    pins: dict[str, set[str]] = {}
    for name in FILES:
        for action, pin in re.findall(r"uses: ([^@\s]+)@(.+)", (FOLDER / name).read_text("utf-8")):
            pins.setdefault(action, set()).add(pin)
    assert not {action: found for action, found in pins.items() if len(found) > 1}


@pytest.mark.parametrize("name", FILES)
def test_no_command_has_an_expression_in_it(name):
    """What an expression gives becomes a part of the command, also where it is somebody's text."""
    assert not [step["run"] for step in _steps(name) if "${{" in step.get("run", "")]


@pytest.mark.parametrize("name", FILES)
def test_no_token_stays_in_the_clone(name):
    for step in _steps(name):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] == "false"


def test_what_runs_the_pull_requests_code_has_no_token_and_no_secret():
    text = (FOLDER / "review.yml").read_text("utf-8")
    assert list(_workflow("review.yml")["on"]) == ["pull_request"]
    assert not re.search(r"secrets\.|github\.token|: write", text)


def test_what_may_write_runs_nothing_of_the_pull_request():
    found = _workflow("review-comment.yml")
    assert found["on"] == {"workflow_run": {"workflows": ["Review"], "types": ["completed"]}}
    assert _workflow("review.yml")["name"] == "Review"
    checkout, download, command = found["jobs"]["comment"]["steps"]
    # Without a ref it is the default branch.
    assert set(checkout["with"]) == {"persist-credentials"}
    assert download["with"]["path"].startswith("${{ runner.temp }}")
    assert command["run"] == 'scripts/review_comment.py "$RUNNER_TEMP/review"'


def test_one_leaves_what_the_other_takes():
    left = next(step for step in _steps("review.yml") if step.get("uses", "").startswith("actions/upload-artifact@"))
    taken = next(step for step in _steps("review-comment.yml") if "download-artifact@" in step.get("uses", ""))
    assert left["with"]["name"] == taken["with"]["name"]
    # A review that ends in danger is left, too.
    assert left["if"] == "${{ !cancelled() }}"
    commands = "".join(step.get("run", "") for step in _steps("review.yml"))
    assert {"review.md", "number"} <= set(re.findall(r"RUNNER_TEMP/review/([\w.]+)", commands))


def test_the_whole_history_is_there():
    checkout = _steps("review.yml")[0]
    assert checkout["with"]["fetch-depth"] == "0" and "ref" not in checkout["with"]
