"""The committed objects beside those of the cluster: what the API server would make of each, were it applied now.

It is asked by a server-side apply that is dry, as Argo CD's field manager: so defaults, and what controllers write, are
no difference. What somebody else has added beside what is committed is seen by whom the server names as its manager.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from kubernetes.client import ApiClient, ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import NotFoundError, ResourceNotFoundError

from .differences import added, differing, stated
from .finding import CLUSTER, Finding

Object = dict[str, Any]
SOURCE = "objects"
#: By whom Argo CD says that it writes (argo-cd, common.ArgoCDSSAManager).
_MANAGER = "argocd-controller"
_TRACKING = {"annotations": "argocd.argoproj.io/tracking-id", "labels": "app.kubernetes.io/instance"}
#: Which it does not mark (argo-cd, controller/state.go: kube.IsCRD).
_UNMARKED = "CustomResourceDefinition"
_HOOK = "argocd.argoproj.io/hook"
#: Written by the server at every change, and no part of what anybody wants.
_SERVERS = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: Questions to the API server at once; and how many differences of an object are told.
_AT_ONCE, _TOLD = 4, 3


def committed(folder: Path) -> list[Object]:
    """All objects of manifests/ that stay: a Job that is a hook may be gone, and is made anew by each sync."""
    found = [
        document
        for path in sorted((folder / "manifests").glob("*.yml"))
        for document in yaml.load_all(path.read_text("utf-8"), Loader=_LOADER)
        if document
    ]
    return [each for each in found if _HOOK not in each["metadata"].get("annotations", {})]


async def look(api: ApiClient, app: str, wanted: Sequence[Object]) -> list[Finding]:
    """`app` is the Application's name. HTTPError where the API server does not answer."""
    return await asyncio.to_thread(compared, api, app, wanted)


def compared(api: ApiClient, app: str, wanted: Sequence[Object]) -> list[Finding]:
    with TemporaryDirectory() as folder:
        # A cache of its own: the client's usual one is at a path that anybody may know.
        client = DynamicClient(api, cache_file=str(Path(folder, "resources")))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = [one for each in pool.map(lambda one: list(_compare(client, app, one)), wanted) for one in each]
        return found + list(_strangers(client, app, wanted))


def _compare(client: DynamicClient, app: str, wanted: Object) -> Iterator[Finding]:
    try:
        resource = client.resources.get(api_version=wanted["apiVersion"], kind=wanted["kind"])
        place = {"name": wanted["metadata"]["name"], "namespace": wanted["metadata"].get("namespace")}
        live: Object = resource.get(**place).to_dict()
    except (NotFoundError, ResourceNotFoundError):
        yield _finding(wanted, "it is committed, and the cluster does not have it", _sync(app))
        return
    body = _followed(wanted, live)
    try:
        made: Object = resource.server_side_apply(
            body, **place, field_manager=_MANAGER, force_conflicts=True, dry_run="All"
        ).to_dict()
    except ApiException as error:
        # Also where an entry of a list has another key: then both would be there.
        said = f"the API server refuses what is committed: {_said(error)}"
        yield _finding(
            wanted,
            next(differing(stated(live, wanted), wanted), said),
            f"make review says what to do; else delete it, and {_sync(app)}",
        )
        return
    if wanted["kind"] != _UNMARKED and not _tracked(live, app):
        yield _finding(
            wanted, "Argo CD does not know it as its own: it has no tracking id of this Application", _sync(app)
        )
    differences = [*differing(_plain(live), _plain(made)), *added(live, wanted, _MANAGER)]
    if differences:
        told = "; ".join(differences[:_TOLD])
        more = f"; and {len(differences) - _TOLD} more" if len(differences) > _TOLD else ""
        yield _finding(wanted, told + more, f"commit it, or {_sync(app)}")


def _followed(wanted: Object, live: Object) -> Object:
    """What is committed, with the mark by which Argo CD knows its objects, as the live one has it."""
    metadata = dict(wanted["metadata"])
    for kind, key in _TRACKING.items():
        if key in live["metadata"].get(kind, {}):
            metadata[kind] = {**metadata.get(kind, {}), key: live["metadata"][kind][key]}
    return {**wanted, "metadata": metadata}


def _tracked(live: Object, app: str) -> bool:
    by = {kind: live["metadata"].get(kind, {}).get(key, "") for kind, key in _TRACKING.items()}
    return bool(by["annotations"].startswith(f"{app}:") or by["labels"] == app)


def _plain(found: Object) -> Object:
    metadata = {key: value for key, value in found["metadata"].items() if key not in _SERVERS}
    return {**{key: value for key, value in found.items() if key != "status"}, "metadata": metadata}


def _strangers(client: DynamicClient, app: str, wanted: Sequence[Object]) -> Iterator[Finding]:
    """Objects that bear the Application's mark and that nobody has committed."""
    known = {_identity(each) for each in wanted}
    namespaces = {each["metadata"].get("namespace") for each in wanted} - {None}
    for api_version, kind in sorted({(each["apiVersion"], each["kind"]) for each in wanted}):
        try:
            resource = client.resources.get(api_version=api_version, kind=kind)
        except ResourceNotFoundError:
            continue
        for item in resource.get().to_dict().get("items", ()):
            found = {**item, "apiVersion": api_version, "kind": kind}
            place = found["metadata"].get("namespace")
            if (not place or place in namespaces) and _identity(found) not in known and _marked(found, app):
                yield _finding(
                    found,
                    "it bears the mark of the Application, and is not committed",
                    f"delete it, or commit it ({_sync(app)} with --prune)",
                )


def _marked(found: Object, app: str) -> bool:
    """By Argo CD's own rule: an id counts for the object that it names, and not for what is copied from there."""
    metadata = found["metadata"]
    if _HOOK in metadata.get("annotations", {}):
        return False
    mark = metadata.get("annotations", {}).get(_TRACKING["annotations"], "")
    if mark:
        return bool(
            mark.startswith(f"{app}:") and mark.endswith(f"/{metadata['name']}") and f"/{found['kind']}:" in mark
        )
    return bool(metadata.get("labels", {}).get(_TRACKING["labels"]) == app and not metadata.get("ownerReferences"))


def _identity(found: Mapping[str, Any]) -> tuple[str, str, str]:
    return found["kind"], found["metadata"].get("namespace", ""), found["metadata"]["name"]


def named(found: Mapping[str, Any]) -> str:
    kind, namespace, name = _identity(found)
    return f"{kind} {namespace + '/' if namespace else ''}{name}"


def _said(error: ApiException) -> str:
    """The message of its Status, where it has one."""
    try:
        return str(yaml.safe_load(error.body)["message"])
    except (yaml.YAMLError, TypeError, KeyError, AttributeError):
        return str(error.reason)


def _sync(app: str) -> str:
    return f"let Argo CD sync {app}"


def _finding(found: Mapping[str, Any], wrong: str, do: str) -> Finding:
    return Finding(where=CLUSTER, what=named(found), wrong=wrong, do=do, source=SOURCE)
