#!/usr/bin/env python3
"""Show a review as the one comment on its pull request: made by the first run, edited in place by the others.

For a workflow that a completed run of Review starts (.github/workflows/review-comment.yml). FOLDER has what
that run left: `review.md`, if there is a review, and `number`, the pull request's. Both were written by the
pull request's own code, so neither is believed: the number has to be that of a pull request whose head the run
had, and what is no review, or too long for a comment, is not sent; the comment says so instead.

Environment: GITHUB_TOKEN, and as GitHub sets them GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_EVENT_PATH.

Exit code: 0 done, or newer commits have a run of their own; 1 GitHub refuses, or there is no review to be
shown; 2 wrong use.
"""

from __future__ import annotations

import argparse
import json
import os
import stat
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Python puts scripts/ there; the rooms are imported from the root.
    sys.path[0] = str(ROOT)

from components.review.forms.comment import MARKER, MAXIMUM, ROOM, length
from scripts.github_api import GitHub, Later, Refused

OK, FINDING, USAGE = 0, 1, 2
#: Whose comments GitHub's own token of a workflow writes; nobody else can be called so.
_AUTHOR = "github-actions[bot]"
_ATTEMPTS = 5
#: Seconds: longer than this, a person is sooner there.
_LONGEST_WAIT = 120
# A character has at most four bytes.
_BYTES = 4 * MAXIMUM


class WrongUse(Exception):
    """What the command was started with cannot be right."""


@dataclass(frozen=True)
class Run:
    """The run that left the folder, as GitHub says: the commit, where it comes from, and the run's page."""

    commit: str
    repository: int
    page: str


def main(arguments: list[str] | None = None, sleep: Callable[[float], None] = time.sleep) -> int:
    parser = argparse.ArgumentParser(
        prog="review_comment", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="what the run of Review left")
    parser.add_argument(
        "--author", default=_AUTHOR, metavar="LOGIN", help=f"whose comments the token writes (default: {_AUTHOR})"
    )
    options = parser.parse_args(arguments)
    try:
        github = GitHub(_set("GITHUB_API_URL"), _set("GITHUB_TOKEN"))
        repository, run = _set("GITHUB_REPOSITORY"), _run(Path(_set("GITHUB_EVENT_PATH")))
        text, wrong = _review(options.folder / "review.md")
        number = _number(options.folder / "number")
        publish = _Publisher(github, f"/repos/{repository}", options.author)
        said = _patiently(lambda: publish(number, run, text), sleep)
    except WrongUse as error:
        _say(str(error))
        return USAGE
    except (Refused, Later) as error:
        _say(str(error))
        return FINDING
    _say(said)
    if wrong:
        _say(wrong)
    return FINDING if wrong else OK


class _Publisher:
    """Says what it did. Asks for everything each time: a call that failed may yet have been carried out."""

    def __init__(self, github: GitHub, repository: str, author: str):
        self._github, self._repository, self._author = github, repository, author

    def __call__(self, number: int, run: Run, text: str) -> str:
        pull = self._github.call("GET", f"{self._repository}/pulls/{number}")
        # Who deletes a fork leaves none.
        if (pull["head"]["repo"] or {}).get("id") != run.repository:
            raise Refused(f"number {number} is no pull request of the run's repository: nothing was sent")
        if pull["head"]["sha"] != run.commit:
            return f"pull request {number} has newer commits than {run.commit}: their own run shows them"
        body = {"body": f"{text}\nOf commit {run.commit}, by [this run]({run.page}).\n"}
        comments = f"{self._repository}/issues/{number}/comments"
        for comment in self._github.pages(comments):
            if self._is_ours(comment):
                self._github.call("PATCH", f"{self._repository}/issues/comments/{comment['id']}", body)
                return f"the comment on pull request {number} was edited: {comment['html_url']}"
        made = self._github.call("POST", comments, body)
        return f"pull request {number} has its comment: {made['html_url']}"

    def _is_ours(self, comment: dict[str, Any]) -> bool:
        """The marker alone is nothing: anybody can write it. GitHub says nothing of who deleted his account."""
        author = (comment["user"] or {}).get("login")
        return author == self._author and (comment["body"] or "").startswith(MARKER)


def _patiently(attempt: Callable[[], str], sleep: Callable[[float], None]) -> str:
    for number in range(1, _ATTEMPTS):
        try:
            return attempt()
        except Later as error:
            wait = error.seconds or 2**number
            if wait > _LONGEST_WAIT:
                raise
            _say(f"{error}. Again in {wait} s")
            sleep(wait)
    return attempt()


def _review(path: Path) -> tuple[str, str]:
    """The review, or what stands in its place, and then also what is wrong.

    Left alone, the comment would still show an older commit's review.
    """
    try:
        text, wrong = _bytes(path, _BYTES).decode("utf-8"), ""
    except FileNotFoundError:
        wrong = "no review could be made"
    except (OSError, ValueError) as error:
        wrong = f"the review cannot be read: {error}"
    else:
        if not text.startswith(MARKER):
            wrong = "what the run left is no review"
        elif length(text) >= MAXIMUM - ROOM:
            wrong = "the review is too long for a comment"
    # The details stay in the job's log: a name of a file is nothing to be shown.
    in_place = f"{MARKER}\n> [!CAUTION]\n> There is no review of this commit. The run below says why.\n"
    return (in_place, wrong) if wrong else (text, "")


def _number(path: Path) -> int:
    try:
        return int(_bytes(path, 20).decode("ascii"))
    except (OSError, ValueError) as error:
        raise Refused(f"{path}: no number of a pull request: {error}") from None


def _bytes(path: Path, most: int) -> bytes:
    """A file's content. No link is followed: it could lead to what only this job may read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is no file")
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"it has more than {most:,} bytes")
    return content


def _run(path: Path) -> Run:
    try:
        run = json.loads(path.read_text("utf-8"))["workflow_run"]
        return Run(run["head_sha"], run["head_repository"]["id"], run["html_url"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise WrongUse(f"{path}: this is no event of a completed run (workflow_run): {error!r}") from None


def _set(name: str) -> str:
    if value := os.environ.get(name):
        return value
    raise WrongUse(f"{name} is not set. In a workflow, GitHub sets it, but for GITHUB_TOKEN: ${{{{ github.token }}}}")


def _say(line: str) -> None:
    print(f"review_comment: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
