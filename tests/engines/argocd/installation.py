"""Argo CD on a control plane: installed by the bootstrap script, its controller and repo server run here."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import yaml

from components.cluster.types import Cluster
from scripts.engine_catalogue import builds
from tests.engines.argocd.repository import Repository
from tests.engines.kubernetes.control_plane import ADDRESS, ControlPlane
from tests.engines.processes import Process, free_port
from tests.engines.programs import built, installed

BUILD = "argo-cd-3-5"

# Where controller and repo server differ from those that install.yaml starts. All are settings of Argo CD's own.
SETTINGS = {
    # It looks at Git every few seconds, not every two to three minutes (timeout.reconciliation of argocd-cm).
    "ARGOCD_RECONCILIATION_TIMEOUT": "3s",
    "ARGOCD_RECONCILIATION_JITTER": "0s",
    # It does not rest for two seconds after each wave; that the wave is healthy it awaits as ever.
    "ARGOCD_SYNC_WAVE_DELAY": "0",
    # It writes each object's health into the Application, where otherwise only Redis has it.
    "ARGOCD_APPLICATION_CONTROLLER_PERSIST_RESOURCE_HEALTH": "true",
    # It runs beside the cluster, not in it: its cluster is the one of KUBECONFIG.
    "ARGOCD_FAKE_IN_CLUSTER": "true",
    # No commit has to be signed, so no GnuPG is set up.
    "ARGOCD_GPG_ENABLED": "false",
}


class Installation:
    """The compiled Argo CD of a cluster, at work on a local repository; stop() it in the end.

    Of the compiled files two things are exchanged: the URL of the repository, in project and Application, and the
    folder of the script's lock, because several hosts are one here. The pods of install.yaml are as simulated as all
    others; controller and repo server run as processes, the controller with the rights of its service account.
    """

    def __init__(
        self, plane: ControlPlane, cluster: Cluster, compiled: Path, repository: Repository, folder: Path
    ) -> None:
        self.plane, self.cluster, self.folder = plane, cluster, folder
        self.program = built("argocd", BUILD)
        self.processes: dict[str, Process] = {}
        self.metrics = ""
        self._repository = repository
        self._root, self._compiled = folder / "root", folder / "compiled"
        self.brings(compiled)

    def brings(self, compiled: Path) -> None:
        """From now on the steps are those of this compiled folder, as if it had been copied to the control plane."""
        shutil.rmtree(self._compiled, ignore_errors=True)
        shutil.copytree(compiled, self._compiled)
        script, lock = self._compiled / "bootstrap" / "bootstrap.sh", self.folder / "lock"
        lock.mkdir(exist_ok=True)
        text, found = re.subn(r"\bLOCK_FOLDER=[^ \n]+", f"LOCK_FOLDER={lock}", script.read_text("utf-8"))
        assert found == 1, "the script has a lock elsewhere"
        script.write_text(text, "utf-8")
        for name in ("project.yml", "application.yml"):
            path = self._compiled / "argocd" / name
            text = path.read_text("utf-8")
            assert text.count(self.cluster.git.repository) == 1, f"{path.name} names the repository not once"
            path.write_text(text.replace(self.cluster.git.repository, self._repository.url), "utf-8")

    def install(self) -> None:
        """The steps of the script that come after the nodes. install.yaml lies where it looks for its download."""
        argocd = self.cluster.platform.argocd
        cache = self._root / "var" / "cache" / "dojot"
        cache.mkdir(parents=True)
        manifest = builds()[BUILD].target / "install.yaml"
        assert hashlib.sha256(manifest.read_bytes()).hexdigest() == argocd.install.sha256, (
            f"install.yaml of the module in tests/engines/modules/{BUILD} is not the one of Argo CD {argocd.version} "
            "whose SHA-256 the platform states"
        )
        shutil.copyfile(manifest, cache / f"argocd-{argocd.version}.yml")
        for step in ("secrets", "argocd"):
            self.bootstrap(step)

    def bootstrap(self, step: str, **values: str) -> str:
        """What a step of the compiled script says, run on the control plane; AssertionError where it fails.

        `values` are those of the script that are other ones from now on.
        """
        kubectl = built("kubectl", self.plane.build)
        script = self._compiled / "bootstrap" / "bootstrap.sh"
        for name, value in values.items():
            text, found = re.subn(rf"(?m)^readonly {name}=.*$", f"readonly {name}={value}", script.read_text("utf-8"))
            assert found == 1, f"the script has no {name}"
            script.write_text(text, "utf-8")
        done = subprocess.run(
            [
                *("bash", script, step),
                *(f"--kubeconfig={self.plane.kubeconfig}", f"--root={self._root}", f"--compiled={self._compiled}"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={"PATH": f"{kubectl.parent}:{os.environ['PATH']}", "HOME": str(self.folder)},
        )
        assert done.returncode == 0, f"bootstrap.sh {step}: exit code {done.returncode}\n{done.stdout}"
        return done.stdout

    def allow(self) -> None:
        """Of the step argocd what a changed project takes; bootstrap/README.md has it for an Argo CD of one's own."""
        files = [f"--filename={self._compiled / 'argocd' / name}" for name in ("project.yml", "application.yml")]
        self.plane.kubectl("apply", *files)

    def start(self) -> None:
        redis, reposerver = free_port(), free_port()
        self.metrics = f"http://{ADDRESS}:{(metrics := free_port())}/metrics"
        self._run(
            "redis",
            [
                installed("redis-server"),
                "--port",
                redis,
                "--bind",
                ADDRESS,
                "--save",
                "",
                "--appendonly",
                "no",
            ],
            {},
        )
        self._argocd(
            "argocd-repo-server",
            {
                "ARGOCD_ASK_PASS_SOCK": str(self.folder / "ask-pass.sock"),
            },
            "--address",
            ADDRESS,
            "--port",
            reposerver,
            "--metrics-address",
            ADDRESS,
            "--metrics-port",
            free_port(),
            "--redis",
            f"{ADDRESS}:{redis}",
        )
        namespace = self.cluster.platform.argocd.namespace
        self._argocd(
            "argocd-application-controller",
            {"KUBECONFIG": str(self._kubeconfig(namespace))},
            "--namespace",
            namespace,
            "--metrics-port",
            metrics,
            "--redis",
            f"{ADDRESS}:{redis}",
            "--repo-server",
            f"{ADDRESS}:{reposerver}",
        )

    def _argocd(self, name: str, environment: dict[str, str], *options: object) -> None:
        self._run(
            name,
            [self.program, "--logformat", "text", *options],
            {"ARGOCD_BINARY_NAME": name, **SETTINGS, **environment},
        )

    def _run(self, name: str, command: list[object], environment: dict[str, str]) -> None:
        own = self.folder / name
        own.mkdir()
        self.processes[name] = Process(
            name,
            command,
            self.folder,
            {
                # Its image has git-verify-wrapper.sh, which asks Git for each commit's signature.
                "PATH": f"{self.program.parent}:{os.environ['PATH']}",
                "HOME": str(own),
                "TMPDIR": str(own),
                **environment,
            },
        )

    def _kubeconfig(self, namespace: str) -> Path:
        """The controller's service account, as its pod would have it."""
        account = "argocd-application-controller"
        token = self.plane.kubectl("--namespace", namespace, "create", "token", account, "--duration=2h").stdout.strip()
        settings = yaml.safe_load(self.plane.kubeconfig.read_text("utf-8"))
        settings["users"][0]["user"] = {"token": token}
        path = self.folder / "controller.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(settings), "utf-8")
        return path

    def check(self) -> None:
        """Raises Ended where one of the processes has ended."""
        for process in self.processes.values():
            process.check()

    def last_words(self) -> str:
        """The end of each log."""
        return "\n".join(f"--- {name}\n{process.tail(15)}" for name, process in self.processes.items())

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            process.stop()
        self.processes.clear()
