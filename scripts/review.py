#!/usr/bin/env python3
"""What a change does to each cluster: its objects, its machines, its devices.

Compares the inventory of a commit (--base) with that of the work tree, or of another
commit (--head), both compiled. A commit that other code compiled is taken as it stands
in compiled/. Nothing is written, and no cluster is asked.

A line `accept: <rule> <subject>` in a commit message between both, or in --accept-file,
takes responsibility for that verdict: it counts as attention then.

Exit code: 0 nothing as grave as --fail-on; 1 something is, or the inventory is refused; 2 wrong use.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Python puts scripts/ there; the rooms are imported from the root.
    sys.path[0] = str(ROOT)

from git import BadName, Commit, InvalidGitRepositoryError, Repo

from components.inventory.refused import Refused
from components.review import accepted
from components.review.forms import json_form, markdown, terminal
from components.review.review import ReviewFailed, review
from components.review.side import of_commit, of_work_tree
from components.review.types import Level, Review

OK, FINDING, USAGE = 0, 1, 2
_FAIL_ON = {"none": None, "attention": Level.ATTENTION, "danger": Level.DANGER}


class WrongUse(Exception):
    """The command cannot do what it is asked; the message says why."""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    accept_file = options.accept_file and options.accept_file.resolve()
    output = options.output and options.output.resolve()
    # The faces and the paths in messages are relative to the repository.
    os.chdir(ROOT)
    try:
        text = accept_file.read_text("utf-8") if accept_file else ""
        found = _review(options.base, options.head, text)
        told = _told(found, options.format, output is None)
        if output:
            output.write_text(told, "utf-8")
        else:
            sys.stdout.write(told)
    except WrongUse as error:
        print(f"review: {error}", file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"review: {error.filename}: {error.strerror}", file=sys.stderr)
        return USAGE
    except Refused as refusal:
        for line in refusal.lines:
            print(line, file=sys.stderr)
        print("review: the inventory is refused, so no cluster can be compared", file=sys.stderr)
        return FINDING
    except ReviewFailed as error:
        print(error.trace if options.debug else "", end="", file=sys.stderr)
        print(f"review: {error}", file=sys.stderr)
        return FINDING
    bound = _FAIL_ON[options.fail_on]
    return FINDING if bound is not None and found.level >= bound else OK


def _review(base: str, head: str | None, accepting: str) -> Review:
    try:
        repo = Repo(ROOT)
    except InvalidGitRepositoryError as error:
        raise WrongUse(f"{ROOT} is no clone of a Git repository, so there is nothing to compare with") from error
    newest = _commit(repo, head or "HEAD")
    before = _fork_point(repo, _commit(repo, base), newest, base)
    messages = [str(commit.message) for commit in repo.iter_commits(f"{before.hexsha}..{newest.hexsha}")]
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="review-")))
        old = stack.enter_context(of_commit(repo, before, f"{base} ({before.hexsha[:7]})", scratch))
        new = (
            stack.enter_context(of_commit(repo, newest, f"{head} ({newest.hexsha[:7]})", scratch))
            if head
            else of_work_tree()
        )
        found = review(old, new)
    return accepted.apply(found, accepted.parse("\n".join([*messages, accepting])))


def _commit(repo: Repo, name: str) -> Commit:
    try:
        return repo.commit(name)
    except (BadName, ValueError) as error:
        raise WrongUse(f"{name}: this clone has no such commit. Fetch it, or name another one with BASE=") from error


def _fork_point(repo: Repo, base: Commit, head: Commit, name: str) -> Commit:
    """What the change began with: of what has come to the base since, it knows nothing."""
    common = repo.merge_base(base, head)
    if not common:
        raise WrongUse(f"{name} and {head.hexsha[:7]} have no common commit. A shallow clone needs: git fetch --unshallow")
    return common[0]


def _told(found: Review, form: str, shown: bool) -> str:
    if form == "markdown":
        return markdown.text(found)
    if form == "json":
        return json_form.text(found)
    color = shown and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return terminal.text(found, color, _columns())


def _columns() -> int:
    try:
        return os.get_terminal_size().columns
    except OSError:
        return 120


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="review", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", default="main", metavar="COMMIT", help="what it is compared with (default: main)")
    parser.add_argument("--head", metavar="COMMIT", help="the change (default: the work tree, committed or not)")
    parser.add_argument("--format", choices=("terminal", "markdown", "json"), default="terminal", help="how it is told")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write it there (default: standard output)")
    parser.add_argument(
        "--fail-on", choices=tuple(_FAIL_ON), default="danger", help="from which level on the exit code is 1"
    )
    parser.add_argument("--accept-file", type=Path, metavar="FILE", help="further text with lines `accept: ...`")
    parser.add_argument("--debug", action="store_true", help="show the traceback of a bug")
    return parser


if __name__ == "__main__":
    sys.exit(main())
