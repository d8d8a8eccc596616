"""etcd, kube-apiserver, kube-controller-manager and kube-scheduler, on loopback, for a test session."""

from __future__ import annotations

import os
import ssl
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from scripts.engine_catalogue import builds
from tests.engines.pki import Authority
from tests.engines.processes import Process, free_port
from tests.engines.programs import built, installed

ADDRESS = "127.0.0.1"


class ControlPlane:
    """The control plane of one release; every component has the identity that kubeadm gives it.

    `build` is an entry of engines.yml, `folder` an empty one for certificates, data and logs.
    `controllers` and `scheduler` say whether these two run; `controllers` may also be a list
    as kube-controller-manager takes it. `arguments` adds to a program's command line,
    `addresses` to those under which clients may trust the API server.
    Use it as a context manager. Raises Ended, with a log, where a component does not start.
    """

    def __init__(
        self,
        build: str,
        folder: Path,
        *,
        controllers: bool | Sequence[str] = True,
        scheduler: bool = True,
        service_subnet: str = "10.96.0.0/12",
        feature_gates: Mapping[str, bool] | None = None,
        arguments: Mapping[str, Sequence[str]] | None = None,
        addresses: Sequence[str] = (),
    ) -> None:
        self.build, self.folder = build, folder
        self._controllers, self._scheduler = controllers, scheduler
        self._subnet, self._gates = service_subnet, dict(feature_gates or {})
        self._arguments, self._addresses = arguments or {}, list(addresses)
        self.port = free_port()
        self.url = f"https://{ADDRESS}:{self.port}"
        self.processes: dict[str, Process] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self.authority = Authority(folder / "pki")
        self.kubeconfig = self.authority.kubeconfig("admin", self.url, "kubernetes-admin", "system:masters")
        self._kubectl = built("kubectl", build)

    def __enter__(self) -> ControlPlane:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            process.stop()
        self.processes.clear()

    def _run(self, name: str, program: Path, *options: str) -> Process:
        gates = [f"--feature-gates={','.join(f'{gate}={str(on).lower()}' for gate, on in sorted(self._gates.items()))}"]
        build = builds()[self.build]
        process = Process(
            name,
            [
                program,
                *options,
                *(gates if self._gates and name != "etcd" else []),
                *build.arguments.get(name, ()),
                *self._arguments.get(name, ()),
            ],
            self.folder,
        )
        self.processes[name] = process
        return process

    def _program(self, name: str, *options: str) -> Process:
        return self._run(name, built(name, self.build), *options)

    def _start(self) -> None:
        client, peer = (f"http://{ADDRESS}:{free_port()}" for _ in range(2))
        etcd = self._run(
            "etcd",
            installed("etcd"),
            f"--data-dir={self.folder / 'etcd'}",
            "--name=test",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=test={peer}",
        )
        etcd.wait_until(lambda: _answers(f"{client}/health"), "healthy")
        certificate, key = self.authority.server("kube-apiserver", ADDRESS, *self._addresses)
        public, private = self.authority.service_account_keys()
        server = self._program(
            "kube-apiserver",
            f"--etcd-servers={client}",
            f"--bind-address={ADDRESS}",
            f"--advertise-address={ADDRESS}",
            f"--secure-port={self.port}",
            # Loopback is no address that pods could use, so no Endpoints are written for it.
            "--endpoint-reconciler-type=none",
            f"--tls-cert-file={certificate}",
            f"--tls-private-key-file={key}",
            f"--client-ca-file={self.authority.certificate}",
            f"--service-account-key-file={public}",
            f"--service-account-signing-key-file={private}",
            f"--service-account-issuer={self.url}",
            f"--service-cluster-ip-range={self._subnet}",
            # As kubeadm starts it.
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--enable-bootstrap-token-auth=true",
            "--allow-privileged=true",
        )
        trust = ssl.create_default_context(cafile=str(self.authority.certificate))
        server.wait_until(lambda: _answers(f"{self.url}/readyz", trust), "ready")
        if self._controllers:
            chosen = (
                self._controllers
                if not isinstance(self._controllers, bool)
                else ["*", "bootstrapsigner", "tokencleaner"]
            )
            self._program(
                "kube-controller-manager",
                f"--kubeconfig={self._identity('kube-controller-manager')}",
                f"--controllers={','.join(chosen)}",
                "--leader-elect=false",
                "--secure-port=0",
                "--use-service-account-credentials=true",
                f"--service-account-private-key-file={private}",
                f"--root-ca-file={self.authority.certificate}",
                f"--cluster-signing-cert-file={self.authority.certificate}",
                f"--cluster-signing-key-file={self.authority.key}",
            )
            server.wait_until(self._has_accounts, "with service accounts in its default namespace")
        if self._scheduler:
            self._program(
                "kube-scheduler",
                f"--kubeconfig={self._identity('kube-scheduler')}",
                "--leader-elect=false",
                "--secure-port=0",
            )

    def _identity(self, component: str) -> Path:
        return self.authority.kubeconfig(component, self.url, f"system:{component}")

    def _has_accounts(self) -> bool:
        self.check()
        return self.kubectl("-n", "default", "get", "serviceaccount", "default", check=False).returncode == 0

    def check(self) -> None:
        """Raises Ended where a component has ended."""
        for process in self.processes.values():
            process.check()

    def kubectl(
        self,
        *arguments: object,
        input: str | None = None,
        check: bool = True,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Run this release's kubectl as administrator. `check`: AssertionError with what it said on failure."""
        done = subprocess.run(
            [str(self._kubectl), f"--kubeconfig={self.kubeconfig}", *(str(word) for word in arguments)],
            input=input,
            stdin=None if input is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
        )
        if check and done.returncode:
            self.check()
            raise AssertionError(f"kubectl {' '.join(map(str, arguments))}: exit code {done.returncode}\n{done.stderr}")
        return done


def _answers(url: str, trust: ssl.SSLContext | None = None) -> bool:
    with suppress(URLError, OSError), urlopen(url, timeout=5, context=trust) as answer:
        return answer.status == 200
    return False
