"""Signed package repositories, made at run time under the names that the inventory gives them."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.engines.programs import installed

# No entry is as old as this; keys are made then, so that a clock that is behind does not matter.
LONG_AGO = "20250101T000000"


class Signer:
    """A signing key of gpg, in a home of its own until it is closed."""

    def __init__(self, name: str, life: str = "2099-01-01") -> None:
        self.name = name
        # Not in pytest's folders: the path of the agent's socket has to be short.
        self._home = Path(tempfile.mkdtemp(prefix="gpg-"))
        self._gpg(
            "--passphrase",
            "",
            "--faked-system-time",
            LONG_AGO,
            "--quick-generate-key",
            f"{name} (test)",
            "rsa2048",
            "sign",
            life,
        )
        listed = self._gpg("--with-colons", "--list-keys").decode().splitlines()
        self.fingerprint = next(line.split(":")[9] for line in listed if line.startswith("fpr:"))
        self.public = self._gpg("--armor", "--export", self.fingerprint)

    def _gpg(self, *words: str, input: bytes | None = None) -> bytes:
        return subprocess.run(
            [str(installed("gpg")), "--homedir", str(self._home), "--batch", "--quiet", *words],
            input=input,
            check=True,
            capture_output=True,
            timeout=120,
        ).stdout

    def sign(self, text: bytes) -> bytes:
        return self._gpg("--clearsign", input=text)

    def close(self) -> None:
        """End the agent that gpg has started."""
        subprocess.run(["gpgconf", "--homedir", str(self._home), "--kill", "all"], check=False, timeout=30)
        shutil.rmtree(self._home, ignore_errors=True)


@dataclass(frozen=True)
class Package:
    """What dpkg-deb makes a package of: files (path -> content or a file to copy), mode 0755 below a bin folder."""

    name: str
    version: str
    files: Mapping[str, str | Path] = field(default_factory=dict)
    depends: str = ""
    configuration: tuple[str, ...] = ()
    postinst: str = ""

    def build(self, folder: Path) -> Path:
        tree = folder / self.name
        control = tree / "DEBIAN"
        control.mkdir(parents=True)
        lines = [
            f"Package: {self.name}",
            f"Version: {self.version}",
            "Architecture: amd64",
            "Maintainer: test <test@example.invalid>",
            "Description: stands for the package of this name",
        ]
        (control / "control").write_text(
            "\n".join(lines + ([f"Depends: {self.depends}"] if self.depends else [])) + "\n"
        )
        if self.configuration:
            (control / "conffiles").write_text("".join(f"{path}\n" for path in self.configuration))
        if self.postinst:
            (control / "postinst").write_text(f"#!/bin/sh\nset -e\n{self.postinst}\n")
            (control / "postinst").chmod(0o755)
        for path, content in self.files.items():
            place = tree / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                shutil.copyfile(content, place)
            else:
                place.write_text(content)
            place.chmod(0o755 if "bin" in place.parent.name else 0o644)
        return _pack(tree)


@dataclass(frozen=True)
class Renamed:
    """A package of the distribution with another version."""

    source: Path
    name: str
    version: str

    def build(self, folder: Path) -> Path:
        tree = folder / self.name
        subprocess.run(["dpkg-deb", "--raw-extract", str(self.source), str(tree)], check=True, timeout=120)
        control = tree / "DEBIAN" / "control"
        control.write_text(re.sub(r"^Version: .*$", f"Version: {self.version}", control.read_text(), flags=re.M))
        return _pack(tree)


def _pack(tree: Path) -> Path:
    """The package of a folder, beside it; the folder goes."""
    deb = tree.with_name(f"{tree.name}.deb")
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(deb)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    shutil.rmtree(tree)
    return deb


def publish(folder: Path, signer: Signer, suite: str = "/", component: str = "") -> None:
    """Index the packages of `folder`, flat (`/`) or as a suite with one component, and sign the index."""
    index = folder if suite == "/" else folder / "dists" / suite
    packages = index if suite == "/" else index / component / "binary-amd64"
    packages.mkdir(parents=True, exist_ok=True)
    archive = str(installed("apt-ftparchive"))
    listed = subprocess.run([archive, "packages", "."], cwd=folder, check=True, capture_output=True, timeout=120).stdout
    (packages / "Packages").write_bytes(listed)
    names = {"Suite": suite, "Codename": suite, "Components": component, "Architectures": "amd64"} if component else {}
    options = [word for name, value in names.items() for word in ("-o", f"APT::FTPArchive::Release::{name}={value}")]
    release = subprocess.run(
        [archive, *options, "release", "."], cwd=index, check=True, capture_output=True, timeout=120
    ).stdout
    (index / "InRelease").write_bytes(signer.sign(release))
