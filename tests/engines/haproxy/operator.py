"""Whoever sits at the host of a laboratory's load balancer, with the script of a cluster."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from components.cluster.types import Cluster
from components.kubeadm import script
from tests.bootstrap.conftest import new_sandbox
from tests.engines.haproxy.laboratory import Laboratory
from tests.haproxy.configuration import CONFIG

MAIN = 'main "$@"\n'


class Operator:
    """Its script is that of `cluster`, else of the laboratory's; `values` take the place of values in it."""

    def __init__(
        self,
        laboratory: Laboratory,
        folder: Path,
        cluster: Cluster | None = None,
        values: Mapping[str, object] | None = None,
    ) -> None:
        self._laboratory, balancer = laboratory, laboratory.balancer
        self.text = script.script(cluster or laboratory.cluster)
        places = {
            "HAPROXY_CONFIG": balancer.config,
            "HAPROXY_ADMIN_SOCKET": balancer.admin_socket,
            "HAPROXY_CERTIFICATE": "''",
            # Here brokers end no session, and a test waits for none.
            "SESSION_LIFETIME": 1,
            "SESSIONS_GRACE": 2,
            "SESSIONS_LOOK": 1,
            **(values or {}),
        }
        for name, value in places.items():
            self.text, found = re.subn(rf"\b{name}=[^ \n]+", f"{name}={value}", self.text)
            assert found == 1, name
        self.box = new_sandbox(folder, self.text)
        # What systemd does; everything runs, and is enabled.
        self.box.fake(
            "systemctl",
            f"case $1 in show) echo {balancer.master} ;; reload) kill -USR2 {balancer.master} ;; esac; exit 0",
        )

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        with self._laboratory.host.inside():
            return self.box.run(*arguments)

    def takes(self, config: str, force: bool = False) -> subprocess.CompletedProcess[str]:
        """The part of the step load-balancer that is about the configuration."""
        return self._runs(f"OPTION[force]={'yes' * force}\nconfigure_haproxy", config)

    def step(self, config: str) -> subprocess.CompletedProcess[str]:
        """All of the step that HAProxy can notice; packages and files of the host are not here."""
        return self._runs("need_load_balancer\nconfigure_haproxy", config, "raise_haproxy_limits\n")

    def _runs(self, before: str, config: str, after: str = "") -> subprocess.CompletedProcess[str]:
        path = self.box.folder / CONFIG
        path.write_text(config, "utf-8")
        self.box.write(self.text.removesuffix(MAIN) + f"{before} {path}\n{after}")
        worker = self._laboratory.balancer.worker
        done = self()
        self.box.write(self.text)
        if "done: reload haproxy" in done.stdout:
            self._laboratory.balancer.reloaded(worker)
        return done
