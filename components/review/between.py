"""The review of what came between two commits, or a commit and the work tree."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from git import Commit, GitCommandError, InvalidGitRepositoryError, Repo

from .review import review
from .side import of_commit, of_work_tree
from .types import Review


class WrongUse(Exception):
    """There is nothing to compare; the message says why."""


def between(root: Path, base: str, head: str | None) -> tuple[Review, list[str]]:
    """The review from where `head` (None: the work tree) left `base`, and the messages of the commits between.

    The current folder must be `root`. Raises WrongUse and ReviewFailed.
    """
    try:
        repo = Repo(root)
    except InvalidGitRepositoryError as error:
        raise WrongUse(f"{root} is no clone of a Git repository, so there is nothing to compare with") from error
    # It ends the processes of Git that it keeps.
    with repo:
        return _between(repo, base, head)


def _between(repo: Repo, base: str, head: str | None) -> tuple[Review, list[str]]:
    newest = _commit(repo, head or "HEAD")
    before = _fork_point(repo, _commit(repo, base), newest, base)
    messages = [str(commit.message) for commit in repo.iter_commits(f"{before.hexsha}..{newest.hexsha}")]
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="review-")))
        old = stack.enter_context(of_commit(repo, before, _label(base, before), scratch))
        new = stack.enter_context(of_commit(repo, newest, _label(head, newest), scratch)) if head else of_work_tree()
        return review(old, new), messages


def _label(name: str, commit: Commit) -> str:
    short = commit.hexsha[:7]
    return short if commit.hexsha.startswith(name) else f"{name} ({short})"


def _commit(repo: Repo, name: str) -> Commit:
    try:
        return repo.commit(repo.git.rev_parse("--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"))
    except GitCommandError as error:
        raise WrongUse(f"{name}: this clone has no such commit. Fetch it, or name another one") from error


def _fork_point(repo: Repo, base: Commit, head: Commit, name: str) -> Commit:
    """What the change began with: of what has come to the base since, it knows nothing."""
    common = repo.merge_base(base, head)
    if not common:
        raise WrongUse(f"{name} and {head.hexsha[:7]} share no commit. A shallow clone needs: git fetch --unshallow")
    return common[0]
