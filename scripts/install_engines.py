"""Install the programs that tests run: Debian packages, and what is built from pinned sources.

`make test` is content with the packages (--packages), `make engines` wants all. Without names:
everything that the clusters of inventory/targets need. What is there already is not made
again. Builds go to the cache folder (DOJOT_ENGINES, else ~/.cache/dojot-gitops/engines).
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.engine_catalogue import (
    Build,
    Missing,
    brought,
    builds,
    built,
    cache_folder,
    installed,
    packages,
    unavailable,
)


class Failed(Exception):
    """An installation that did not work; the text says which and why."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def missing_packages() -> list[str]:
    """The Debian packages whose program is not there."""
    found = []
    for program, package in packages().items():
        try:
            installed(program)
        except Missing:
            found.append(package)
    return sorted(set(found))


def install_packages(names: list[str]) -> None:
    if not names:
        return
    if not shutil.which("apt-get"):
        raise Failed(f"there is no apt-get here to install {' '.join(names)}; install them yourself")
    say(f"Installing {' '.join(names)} ...")
    as_root = [] if os.geteuid() == 0 else ["sudo", "--preserve-env=DEBIAN_FRONTEND"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *names]):
        run([*as_root, "apt-get", "-q", *command], "apt-get", env=environment)


def run(command: list[str], what: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """The output of a command; Failed with its last lines where it does not end well."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        last = "\n".join(done.stdout.splitlines()[-20:])
        raise Failed(f"{what}: exit code {done.returncode}\n{last}")
    return done.stdout


def present(build: Build) -> bool:
    try:
        for program in build.programs:
            built(program, build.name)
    except Missing:
        return False
    return True


def make(build: Build) -> None:
    """Build into the cache: whole or not at all, and once where two of us try."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    with open(cache_folder() / f".{build.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if build.complete():
            return
        started = time.monotonic()
        say(f"Building {build.name}: {', '.join(build.programs)} ...")
        partial = build.target.with_name(f".{build.target.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        if (build.folder / "go.mod").is_file():
            go_build(build, partial)
        else:
            run(["bash", str(build.folder / "build.sh"), str(partial)], build.name)
        lost = [program for program in build.programs if not (partial / program).is_file()]
        if lost:
            raise Failed(f"{build.name}: built, but without {', '.join(lost)}")
        partial.rename(build.target)
        say(f"Built {build.name} in {time.monotonic() - started:.0f} s.")


def go_build(build: Build, target: Path) -> None:
    """Build the tools that go.mod lists, from the modules that go.sum knows."""
    if not shutil.which("go"):
        raise Failed(f"{build.name} is built with Go, which is not installed")
    # Without either, the tools may as well be programs of our own, which have no release.
    module, version = source(build) if build.stamp or build.files else ("", "v0.0")
    major, minor = version.lstrip("v").split(".")[:2]
    stamps = [
        f"-X {package}.{name}={value}"
        for package in build.stamp
        for name, value in (
            ("gitVersion", version),
            ("gitMajor", major),
            ("gitMinor", minor),
            ("gitTreeState", "clean"),
            # The same in Argo CD's words. The linker passes over names that a package does not have.
            ("version", version.lstrip("v")),
        )
    ]
    run(
        [
            "go",
            "build",
            "-mod=readonly",
            "-trimpath",
            "-tags",
            ",".join(build.tags),
            "-ldflags",
            " ".join(["-s -w", *stamps]),
            "-o",
            f"{target}/",
            "tool",
        ],
        build.name,
        cwd=build.folder,
        env={**os.environ, "CGO_ENABLED": str(int(build.cgo)), "GOFLAGS": "", "GOWORK": "off"},
    )
    for old, new in build.rename.items():
        (target / old).rename(target / new)
    if build.files:
        sources = json.loads(
            run(
                ["go", "mod", "download", "-json", f"{module}@{version}"],
                build.name,
                cwd=build.folder,
                env={**os.environ, "GOFLAGS": "", "GOWORK": "off"},
            )
        )
        for name in build.files:
            kept = target / Path(name).name
            kept.write_bytes((Path(sources["Dir"]) / name).read_bytes())
            # Modules do not keep the right to execute.
            if kept.read_bytes().startswith(b"#!"):
                kept.chmod(0o755)


def source(build: Build) -> tuple[str, str]:
    """Path and version of the module that the tools of go.mod are part of."""
    found = json.loads(run(["go", "mod", "edit", "-json"], build.name, cwd=build.folder))
    tool = found["Tool"][0]["Path"]
    return next(
        (entry["Path"], entry["Version"]) for entry in found["Require"] if f"{tool}/".startswith(f"{entry['Path']}/")
    )


def wanted(names: list[str]) -> list[Build]:
    """The named builds, else those that a cluster of inventory/targets asks for."""
    known = builds()
    if names:
        return [known[name] for name in names]
    releases = minors()
    return [build for build in known.values() if build.minor is None or build.minor in releases]


def minors() -> set[str]:
    """Kubernetes minor releases of the clusters."""
    from components.cluster.read import read_cluster

    os.chdir(ROOT)
    targets = sorted(path.stem for path in (ROOT / "inventory" / "targets").glob("*.yml"))
    return {read_cluster(name).platform.kubernetes.minor for name in targets}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="*", help=f"builds: {', '.join(builds())}")
    parser.add_argument("--list", action="store_true", help="say what is there and what is not; install nothing")
    parser.add_argument("--packages", action="store_true", help="install the Debian packages, build nothing")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.name if name not in builds()]
    if unknown:
        parser.error(f"no build named {', '.join(unknown)}; there are {', '.join(builds())}")
    chosen = [] if arguments.packages else wanted(arguments.name)
    if arguments.list:
        absent = set(missing_packages())
        for program, package in packages().items():
            print(f"{'missing' if package in absent else 'there':8} {program} (package {package})")
        for build in chosen:
            print(f"{'there' if present(build) else 'missing':8} {build.name}: {', '.join(build.programs)}")
        for program, reason in unavailable().items():
            try:
                print(f"there    {program} ({brought(program)})")
            except Missing:
                print(f"no way   {program}: {reason}")
        return 0
    try:
        install_packages(missing_packages())
        for build in chosen:
            if not present(build):
                make(build)
    except Failed as failure:
        say(f"install_engines: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
