"""OCI image layouts from trees of files: the same bytes for the same content, and nothing made twice.

A `Store` keeps the blobs of all images; a layout is a folder of its own whose blobs are hard links into the store.
Layers are not compressed: they are read once, on the same machine.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.rehearsal.images.tree import Entry, File, Folder, Link, Tree, in_order
from tests.rehearsal.images.usr import MERGED

_ARCHITECTURE = {"architecture": "amd64", "os": "linux"}
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_TYPE = "application/vnd.oci.image"


@dataclass(frozen=True)
class Config:
    """What an image says of itself. `user` as in a Dockerfile: a name or number, with or without a group."""

    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = ""
    folder: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = ()
    volumes: tuple[str, ...] = ()
    stop_signal: str = ""

    def json(self) -> dict[str, Any]:
        environment = {"PATH": _PATH, **self.environment}
        said = {
            "User": self.user,
            "Env": [f"{name}={value}" for name, value in environment.items()],
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.command),
            "WorkingDir": self.folder,
            "ExposedPorts": {f"{port}/tcp": {} for port in self.ports},
            "Volumes": {path: {} for path in self.volumes},
            "StopSignal": self.stop_signal,
        }
        return {key: value for key, value in said.items() if value}


class Store:
    """Blobs, named by their digest, and what has been made of which files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._blobs = folder / "blobs"
        self._known = folder / "known"
        for path in (self._blobs, self._known):
            path.mkdir(parents=True, exist_ok=True)

    def layer(self, tree: Tree) -> str:
        """Digest of the layer that holds a tree. Made anew only where a file of it is another one."""
        entries = in_order(tree)
        key = self._known / hashlib.sha256(_recipe(entries)).hexdigest()
        if key.is_file() and (self._blobs / key.read_text()).is_file():
            return key.read_text()
        # Two makers of one layer write the same bytes; the second one replaces the first one's.
        with (
            tempfile.NamedTemporaryFile(dir=self._blobs, prefix=".", delete=False) as made,
            tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for path, entry in entries.items():
                _add(archive, path, entry)
        digest = _digest(Path(made.name))
        os.chmod(made.name, 0o644)
        os.replace(made.name, self._blobs / digest)
        _write(key, digest.encode())
        return digest

    def image(self, layers: Sequence[str], config: Config, names: Sequence[str] = ()) -> Path:
        """Folder with the layout of an image of these layers, the lowest first; `names` are references to it."""
        described = json.dumps(
            {
                **_ARCHITECTURE,
                "config": config.json(),
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}" for layer in layers]},
            },
            sort_keys=True,
        ).encode()
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": f"{_TYPE}.manifest.v1+json",
                "config": self._descriptor(self.blob(described), "config.v1+json"),
                "layers": [self._descriptor(layer, "layer.v1.tar") for layer in layers],
            },
            sort_keys=True,
        ).encode()
        digest = self.blob(manifest)
        entry = {**self._descriptor(digest, "manifest.v1+json"), "platform": _ARCHITECTURE}
        index = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": f"{_TYPE}.index.v1+json",
                "manifests": [{**entry, "annotations": {"org.opencontainers.image.ref.name": name}} for name in names]
                or [entry],
            },
            sort_keys=True,
        ).encode()
        target = self.folder / "layouts" / hashlib.sha256(index).hexdigest()
        if not (target / "index.json").is_file():
            folder = target / "blobs" / "sha256"
            folder.mkdir(parents=True, exist_ok=True)
            for blob in {digest, hashlib.sha256(described).hexdigest(), *layers}:
                (folder / blob).unlink(missing_ok=True)
                os.link(self._blobs / blob, folder / blob)
            _write(target / "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
            # The last: what has it is whole.
            _write(target / "index.json", index)
        return target

    def blob(self, content: bytes) -> str:
        """Digest of bytes that are kept."""
        digest = hashlib.sha256(content).hexdigest()
        if not (self._blobs / digest).is_file():
            _write(self._blobs / digest, content)
        return digest

    def lock(self, name: str) -> int:
        """Descriptor of a lock, held until it is closed: for what two sessions must not make at once."""
        held = os.open(self.folder / f".{name}.lock", os.O_CREAT | os.O_RDWR, 0o644)
        fcntl.flock(held, fcntl.LOCK_EX)
        return held

    def _descriptor(self, digest: str, kind: str) -> dict[str, Any]:
        size = (self._blobs / digest).stat().st_size
        return {"mediaType": f"{_TYPE}.{kind}", "digest": f"sha256:{digest}", "size": size}


def skeleton() -> Tree:
    """What every image has: the links into /usr, a place for scratch files, the homes of its folders."""
    return {
        **{f"/{name}": Link(f"usr/{name}") for name in MERGED},
        **{f"/usr/{name}": Folder() for name in MERGED},
        "/tmp": Folder(0o1777),
        "/var/tmp": Folder(0o1777),
        "/root": Folder(0o700),
        "/run": Folder(),
        "/var/run": Link("../run"),
        **{f"/{name}": Folder() for name in ("etc", "proc", "sys", "dev")},
    }


def _recipe(entries: Tree) -> bytes:
    """What tells one tree from another. A file of this machine is known by place, size and time, as make knows it."""
    lines = []
    for path, entry in entries.items():
        what: list[Any] = [path, type(entry).__name__, list(entry.owner)]
        if isinstance(entry, File):
            what.append(entry.rights)
            if isinstance(entry.content, Path):
                status = entry.content.stat()
                what += [str(entry.content), status.st_size, status.st_mtime_ns]
            else:
                what.append(hashlib.sha256(entry.content).hexdigest())
        else:
            what.append(entry.target if isinstance(entry, Link) else entry.mode)
        lines.append(json.dumps(what))
    return "\n".join(lines).encode()


def _add(archive: tarfile.TarFile, path: str, entry: Entry) -> None:
    member = tarfile.TarInfo(path.lstrip("/"))
    member.uid, member.gid = entry.owner
    match entry:
        case Link():
            member.type, member.linkname, member.mode = tarfile.SYMTYPE, entry.target, 0o777
            archive.addfile(member)
        case Folder():
            member.type, member.mode = tarfile.DIRTYPE, entry.mode
            archive.addfile(member)
        case File(content=bytes() as content):
            member.mode, member.size = entry.rights, len(content)
            archive.addfile(member, io.BytesIO(content))
        case File(content=Path() as source):
            member.mode, member.size = entry.rights, source.stat().st_size
            with open(source, "rb") as file:
                archive.addfile(member, file)


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        file.write(content)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
