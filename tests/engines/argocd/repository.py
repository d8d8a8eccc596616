"""A Git repository on this machine, which Argo CD reads in place of the fork's."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path


class Repository:
    """A repository with one branch; `url` is what Argo CD clones."""

    def __init__(self, folder: Path, branch: str) -> None:
        self.folder = folder
        self.url = folder.as_uri()
        folder.mkdir()
        self.git("init", "--quiet", f"--initial-branch={branch}")

    def commit(self, message: str) -> str:
        """Commit the work tree as it is, deletions too; the new commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", f"--message={message}")
        return self.git("rev-parse", "HEAD").strip()

    def put(self, source: Path, place: str) -> None:
        """Make the folder `place` of the work tree a copy of `source`."""
        target = self.folder / place
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)

    def git(self, *arguments: str) -> str:
        """Of the user's own Git configuration nothing counts: it may sign commits, or run hooks."""
        identity = {
            f"GIT_{role}_{field}": value
            for role in ("AUTHOR", "COMMITTER")
            for field, value in (("NAME", "test"), ("EMAIL", "test@example.org"))
        }
        done = subprocess.run(
            ["git", "-C", str(self.folder), *arguments],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **identity},
        )
        assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
        return done.stdout
