"""The layers that images share, and what they are made of."""

from __future__ import annotations

import subprocess
from functools import cached_property
from pathlib import Path

from scripts.engine_catalogue import builds, built, cache_folder, installed
from tests.rehearsal.images.oci import Store, skeleton
from tests.rehearsal.images.tree import File, Link, Tree, folder, programs

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = Path(__file__).parent / "scripts"
#: Where the parts of a stand-in are in an image: nothing that an image's own program would find.
OWN = "/opt/stand-in"
STAND_IN = f"{OWN}/bin/stand-in"
PYTHON = f"{OWN}/python"
#: What Alpine's BusyBox has and Debian's has not, from Debian's other packages.
_MORE = ("comm", "flock", "install", "pgrep", "pkill", "printenv")
# Of the standard library, what nothing here imports.
_UNUSED = r"(^|/)(test|tests|idlelib|tkinter|turtledemo|lib2to3|ensurepip|pydoc_data|__pycache__|config-3[^/]*)(/|$)"


class Workshop:
    """Makes each shared layer once; what none of a cluster's images asks for is not made."""

    def __init__(self, store: Path | None = None) -> None:
        self.store = Store(store or cache_folder() / "images")

    @cached_property
    def busybox(self) -> str:
        """The userland of an image that is built on Alpine."""
        program = installed("busybox")
        names = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split()
        applets: Tree = {f"/usr/bin/{name}": Link("busybox") for name in names if name != "busybox"}
        more = {f"/usr/bin/{name}": installed(name) for name in _MORE}
        return self.store.layer({**skeleton(), **applets, **programs({"/usr/bin/busybox": program, **more})})

    @cached_property
    def bare(self) -> str:
        """No userland at all."""
        return self.store.layer(skeleton())

    @cached_property
    def bash(self) -> str:
        return self.store.layer(programs({"/usr/bin/bash": installed("bash")}))

    @cached_property
    def python(self) -> str:
        """Python and the part of its library that servers need, with YAML beside it."""
        library = Path(
            subprocess.run(
                ["/usr/bin/python3", "-I", "-c", "import os; print(os.path.dirname(os.__file__))"],
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
        )
        import yaml

        return self.store.layer(
            {
                **programs({f"{PYTHON}/bin/python3": Path("/usr/bin/python3")}),
                **folder(library, f"{PYTHON}/lib/{library.name}", _UNUSED),
                **folder(Path(yaml.__file__).parent, f"{PYTHON}/lib/{library.name}/yaml", r"\.so$|__pycache__"),
            }
        )

    @cached_property
    def stand_in(self) -> str:
        return self.store.layer({STAND_IN: File(built("stand-in", "stand-in"), 0o755)})

    @cached_property
    def kafka(self) -> str:
        """Java, Kafka and ZooKeeper."""
        made = builds()["kafka-2-5"].target
        built("complete", "kafka-2-5")
        return self.store.layer(
            {**folder(made / "java", "/usr/lib/jvm"), **folder(made / "jars", "/usr/share/java/kafka")}
        )


def scripts(name: str) -> Tree:
    """The files of scripts/NAME at the same places in the image."""
    there = SCRIPTS / name
    return {
        f"/{path.relative_to(there).as_posix()}": File(path.read_bytes(), 0o755)
        for path in sorted(there.rglob("*"))
        if path.is_file()
    }


def sources(*names: str) -> Tree:
    """Files of this repository, for a Python program in the image."""
    return {f"{OWN}/{name}": File((ROOT / name).read_bytes(), 0o644) for name in names}
