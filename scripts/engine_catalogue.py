"""Where the programs of `make engines` come from (tests/engines/engines.yml), and where they are."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from glob import glob
from pathlib import Path
from typing import Any

import yaml

ENGINES = Path(__file__).resolve().parent.parent / "tests" / "engines"
MODULES = ENGINES / "modules"
# Where Debian puts daemons, and servers of which several releases may stand side by side:
# not every user has these on PATH.
DAEMONS = ("/usr/sbin", "/usr/lib/postgresql/*/bin")


class Missing(Exception):
    """A program that is not there; the text says how to get it."""


@dataclass(frozen=True)
class Build:
    """One entry of `builds`: programs that are made together from the pinned sources of `folder`."""

    name: str
    # None: files that are no programs, so they are not looked for on PATH.
    line: str | None
    programs: dict[str, list[str]]
    stamp: tuple[str, ...] = ()
    arguments: dict[str, list[str]] = field(default_factory=dict)
    rename: dict[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    # Go with C parts, which need a C compiler.
    cgo: bool = False
    # Build tags of Go.
    tags: tuple[str, ...] = ()
    minor: str | None = None

    @property
    def folder(self) -> Path:
        return MODULES / self.name

    @property
    def target(self) -> Path:
        """Its folder in the cache; another one as soon as what it is made of changes."""
        recipe = hashlib.sha256(
            " ".join((*self.stamp, *self.rename.values(), *self.files, *["cgo"] * self.cgo, *self.tags)).encode()
        )
        for path in sorted(path for path in self.folder.rglob("*") if path.is_file()):
            recipe.update(path.relative_to(self.folder).as_posix().encode() + b"\0" + path.read_bytes())
        return cache_folder() / f"{self.name}-{recipe.hexdigest()[:12]}"

    def complete(self) -> bool:
        return all((self.target / name).is_file() for name in (*self.programs, *map(os.path.basename, self.files)))


def cache_folder() -> Path:
    """DOJOT_ENGINES, else dojot-gitops/engines in the user's cache."""
    named = os.environ.get("DOJOT_ENGINES")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dojot-gitops" / "engines"


@cache
def catalogue() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ENGINES / "engines.yml").read_text("utf-8"))
    return found


def builds() -> dict[str, Build]:
    """Name -> Build, in the order of the file."""
    return {
        name: Build(
            name=name,
            line=str(entry["line"]) if "line" in entry else None,
            programs=dict(entry["programs"]),
            stamp=tuple(entry.get("stamp", ())),
            arguments=dict(entry.get("arguments", {})),
            minor=entry.get("for"),
            rename=dict(entry.get("rename", {})),
            files=tuple(entry.get("files", ())),
            cgo=entry.get("cgo", False),
            tags=tuple(entry.get("tags", ())),
        )
        for name, entry in catalogue()["builds"].items()
    }


def control_plane(minor: str) -> str:
    """Name of the build that runs clusters of this Kubernetes minor release; Missing where there is none."""
    for name, build in builds().items():
        if build.minor == minor and "kube-apiserver" in build.programs:
            return name
    raise Missing(f"engines.yml builds no control plane for Kubernetes {minor}")


def packages() -> dict[str, str]:
    """Program -> Debian package."""
    return dict(catalogue()["packages"])


def _folders() -> list[str]:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    # The newest release first: 9.6 comes before 15 in no order but this one.
    daemons = [path for pattern in DAEMONS for path in sorted(glob(pattern), key=_numbers, reverse=True)]
    return ([assets] if assets else []) + os.environ.get("PATH", "").split(os.pathsep) + daemons


def _numbers(path: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", path)]


@cache
def _says(path: str, *arguments: str) -> str:
    done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


def installed(program: str) -> Path:
    """A program of a Debian package, or a file by its path, in whichever version; Missing where there is none."""
    found = program if os.path.isfile(program) else shutil.which(program, path=os.pathsep.join(_folders()))
    if found:
        return Path(found)
    raise Missing(f"{program} is not installed (apt-get install {packages()[program]})")


def unavailable() -> dict[str, str]:
    """Program -> why nothing can install it."""
    return dict(catalogue().get("unavailable", {}))


def brought(program: str) -> Path:
    """A program that only a user can bring; Missing, with the reason, where it is not there."""
    found = shutil.which(program, path=os.pathsep.join(_folders()))
    if found:
        return Path(found)
    raise Missing(f"there is no {program}: {unavailable()[program]}")


def built(program: str, name: str) -> Path:
    """A program of the build `name`, in a version of its line; Missing where there is none.

    Nothing on PATH fits where files of the sources belong to it: they stand beside it in the cache.
    """
    build = builds()[name]
    for folder in _folders() if not build.files else ():
        found = shutil.which(program, path=folder)
        if found and build.line and build.line in _says(found, *build.programs[program]):
            return Path(found)
    path = build.target / program
    if build.complete() if build.files else path.is_file():
        return path
    what = f"{program} {build.line}* is neither on PATH nor" if build.line else f"{program} of {name} is not"
    raise Missing(f"{what} built yet (make engines-install)")
