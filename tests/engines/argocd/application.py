"""The Application as Argo CD reports it, and waiting for what it should become."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.engines.argocd.installation import Installation

#: Seconds without a change of what Argo CD reports, and in all: a sync of all waves may take minutes on a busy machine.
PATIENCE, AT_MOST = 180, 900


class NotReached(AssertionError):
    """What the Application should have become and did not; the text is Argo CD's own report."""


class Application:
    """The compiled Application on an installation."""

    def __init__(self, installation: Installation, compiled: Path) -> None:
        self.installation = installation
        self.manifest = yaml.safe_load((compiled / "argocd" / "application.yml").read_text("utf-8"))
        self.name = self.manifest["metadata"]["name"]
        self._namespace = self.manifest["metadata"]["namespace"]

    def kubectl(self, *arguments: object, **options: Any) -> str:
        return self.installation.plane.kubectl("--namespace", self._namespace, *arguments, **options).stdout

    def read(self) -> dict[str, Any]:
        return json.loads(self.kubectl("get", "applications.argoproj.io", self.name, "--output=json"))

    def patch(self, change: dict[str, Any]) -> None:
        self.kubectl("patch", "applications.argoproj.io", self.name, "--type=merge", f"--patch={json.dumps(change)}")

    def wait(self, wanted: Callable[[dict[str, Any]], object], what: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """The Application once `wanted` holds for it.

        NotReached, with Argo CD's words, once nothing has moved for so many seconds, or after AT_MOST.
        """
        begun = moved = time.monotonic()
        said = ""
        while True:
            self.installation.check()
            latest = self.read()
            if wanted(latest):
                return latest
            now = time.monotonic()
            if (words := report(latest)) != said:
                said, moved = words, now
            if now > min(moved + seconds, begun + AT_MOST):
                raise NotReached(f"{self.name} is not {what} after {now - begun:.0f} s.\n{words}")
            time.sleep(0.5)

    def synced(self, revision: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """Once this commit is in the cluster: the sync has succeeded, and all is Synced and Healthy."""
        return self.wait(lambda found: is_synced(found, revision), f"Synced and Healthy at {revision[:7]}", seconds)

    def sync(self) -> dict[str, Any]:
        """Sync everything once, as the button does; its operation's state when it is over, well or not."""
        operation = {
            "initiatedBy": {"username": "test"},
            "sync": {
                "prune": True,
                "syncOptions": self.manifest["spec"]["syncPolicy"]["syncOptions"],
            },
        }
        # The last operation's state goes, as Argo CD's own clients do it: it would be merged into the new one's.
        self.patch({"operation": operation, "status": {"operationState": None}})
        return self.wait(_over, "synced again")["status"]["operationState"]

    def report(self) -> str:
        """What Argo CD has to say about it, and the end of its logs."""
        try:
            about = report(self.read())
        except AssertionError as error:
            about = str(error)
        return f"{about}\n{self.installation.last_words()}"


def is_synced(application: dict[str, Any], revision: str) -> bool:
    status = application.get("status", {})
    state = status.get("operationState", {})
    return (
        _over(application)
        and state["phase"] == "Succeeded"
        and state["syncResult"]["revision"] == revision
        and status["sync"]["revision"] == revision
        and status["sync"]["status"] == "Synced"
        and status["health"].get("status") == "Healthy"
    )


def _over(application: dict[str, Any]) -> bool:
    state = application.get("status", {}).get("operationState", {})
    return "operation" not in application and "finishedAt" in state and state["phase"] != "Running"


def health(application: dict[str, Any], kind: str) -> dict[str, str]:
    """Health of the one object of this kind: `status`, and `message` where there is one."""
    [found] = [entry["health"] for entry in application["status"]["resources"] if entry["kind"] == kind]
    return found


def report(application: dict[str, Any]) -> str:
    """Conditions, the last operation and every object that is not as it should be, in Argo CD's words."""
    return "\n".join(_lines(application.get("status", {})))


def _lines(status: dict[str, Any]) -> Iterator[str]:
    sync, state = status.get("sync", {}), status.get("operationState", {})
    yield (
        f"{sync.get('status', 'not compared')} with {sync.get('revision') or 'no commit'}, "
        f"{status.get('health', {}).get('status', 'health not known')}"
    )
    for condition in status.get("conditions", []):
        yield f"condition {condition['type']}: {condition['message']}"
    if state:
        yield f"operation {state['phase']}: {state.get('message', 'no message')}"
    for entry in state.get("syncResult", {}).get("resources", []):
        if entry.get("status") == "SyncFailed" or entry.get("hookPhase") in ("Failed", "Error"):
            yield f"  {entry['kind']} {entry['name']}: {entry.get('message', 'no message')}"
    for entry in status.get("resources", []):
        condition = entry.get("health", {})
        if (not entry.get("hook") and entry.get("status") != "Synced") or condition.get(
            "status", "Healthy"
        ) != "Healthy":
            yield (
                f"  {entry['kind']} {entry['name']}: {entry.get('status', 'a hook')}, "
                f"{condition.get('status', 'no health')} {condition.get('message', '')}".rstrip()
            )
