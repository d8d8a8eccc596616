"""Of which commit are the files of a cluster?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from git import GitCommandError, InvalidGitRepositoryError, NoSuchPathError, Repo


@dataclass(frozen=True)
class Commit:
    """The commit of the folder that everything is compared with; `repo` is None where that is in no repository."""

    folder: Path
    repo: Repo | None

    @classmethod
    def of(cls, folder: Path) -> Commit:
        try:
            repo = Repo(folder, search_parent_directories=True)
            return cls(folder, repo if repo.head.is_valid() else None)
        except (InvalidGitRepositoryError, NoSuchPathError):
            return cls(folder, None)

    def __str__(self) -> str:
        """With a plus sign where the folder is not as in it; without Git `unknown`."""
        if not self.repo:
            return "unknown"
        changed = self.repo.git.status("--porcelain", "--", str(self.folder.resolve()))
        return f"{self.repo.head.commit.hexsha}{'+' if changed else ''}"

    def differs_from(self, revision: str) -> list[str] | None:
        """Manifests that are others at that commit; None where nobody here knows it."""
        assert self.repo
        try:
            said = self.repo.git.diff("--name-only", revision, "HEAD", "--", str((self.folder / "manifests").resolve()))
        except GitCommandError:
            return None
        return str(said).split()
