"""A load balancer that follows a repository on this machine, in a laboratory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from components.cluster.types import Cluster, GitSource
from components.haproxy.files import files
from tests.engines.argocd.repository import Repository
from tests.engines.haproxy import adapted
from tests.engines.haproxy.laboratory import Laboratory
from tests.engines.haproxy.operator import Operator
from tests.haproxy.configuration import CONFIG, SYSCTL

BRANCH = "main"
LIMITS = "haproxy.service.d-limits.conf"


class Person:
    """Who has a key of SSH to sign with."""

    def __init__(self, name: str, folder: Path) -> None:
        self.key = folder / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(self.key)], check=True)
        self.public = self.key.with_suffix(".pub").read_text().strip()


class Follower:
    """`signers` are the people whose commits count; none: everybody's."""

    def __init__(self, laboratory: Laboratory, folder: Path, signers: Mapping[str, Person]) -> None:
        folder.mkdir()
        self.laboratory, self._place = laboratory, folder / "repository"
        self.repository = Repository(self._place, BRANCH)
        self.git("config", "gpg.format", "ssh")
        cluster = laboratory.cluster
        follow = cluster.load_balancer.follow.model_copy(
            update={"enabled": True, "signers": {name: person.public for name, person in signers.items()}}
        )
        self.cluster: Cluster = replace(
            cluster,
            load_balancer=replace(cluster.load_balancer, follow=follow),
            git=GitSource(self.repository.url, BRANCH, cluster.git.folder),
        )
        self.compiled = files(self.cluster) | {CONFIG: adapted.on_this_machine(files(self.cluster)[CONFIG])}
        host = folder / "installed"
        host.mkdir()
        for name in (SYSCTL, LIMITS):
            (host / name).write_text(self.compiled[name], "utf-8")
        self.operator = Operator(
            laboratory,
            folder / "box",
            self.cluster,
            {"HAPROXY_SYSCTL": host / SYSCTL, "HAPROXY_UNIT_LIMITS": host / LIMITS, "HAPROXY_RELOADED": 3},
        )
        self.box = self.operator.box
        # What the step load-balancer has left here.
        copy = self.box.host / "copy" / "bootstrap.sh"
        copy.parent.mkdir()
        copy.write_text(self.box.text, "utf-8")
        laboratory.balancer.config.chmod(0o640)

    def git(self, *words: str) -> str:
        return self.repository.git(*words)

    def commit(self, config: str | None, by: Person | None = None, **others: str) -> str:
        """Commit this haproxy.cfg (None: none) and other files of haproxy/; the commit's id."""
        place = self._place / self.cluster.git.folder
        shutil.rmtree(place, ignore_errors=True)
        (place / "bootstrap").mkdir(parents=True)
        (place / "haproxy").mkdir()
        for name, text in (self.compiled | {CONFIG: config} | others).items():
            if text is not None:
                (place / "haproxy" / name).write_text(text, "utf-8", newline="")
        (place / "bootstrap" / "bootstrap.sh").write_text(self.box.text, "utf-8")
        self.git("add", "--all")
        signed = ["--gpg-sign"] if by else ["--no-gpg-sign"]
        if by:
            self.git("config", "user.signingKey", str(by.key))
        self.git("commit", "--quiet", "--allow-empty", "--message=another", *signed)
        return self.git("rev-parse", "HEAD").strip()

    def config(self, seconds: int = 0) -> str:
        """haproxy.cfg with sessions that may be silent for so much longer."""
        balancer = self.cluster.load_balancer
        changed = replace(balancer, session_timeout=balancer.session_timeout + seconds)
        return adapted.on_this_machine(files(replace(self.cluster, load_balancer=changed))[CONFIG])

    def look(self, *options: str) -> subprocess.CompletedProcess[str]:
        """One run of what the timer runs."""
        worker = self.laboratory.balancer.worker
        done = self.operator("follow", *options)
        if "done: reload haproxy" in done.stdout:
            self.laboratory.balancer.reloaded(worker)
        return done

    @property
    def state(self) -> dict[str, object]:
        return json.loads((self.box.host / "follow.json").read_text())

    @property
    def metrics(self) -> dict[str, float]:
        lines = (self.box.host / "metrics" / "follow.prom").read_text().splitlines()
        return {name: float(value) for name, value in (line.split() for line in lines if not line.startswith("#"))}

    @property
    def installed(self) -> str:
        return self.laboratory.balancer.config.read_text("utf-8")

    def cut_off(self, cut: bool) -> None:
        """Take the repository away, or bring it back."""
        here, there = self._place, self._place.with_name("elsewhere")
        os.rename(*((here, there) if cut else (there, here)))
