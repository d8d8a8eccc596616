"""What Kapitan calls in a face: components/<face>/__init__.py has it as `main`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module


def kapitan_main(face: str) -> Callable[[], dict[str, str]]:
    """The entry point of a face: {file name: text} of the cluster that Kapitan compiles now. It alone needs Kapitan."""

    def main() -> dict[str, str]:
        from components.cluster.read import current_cluster

        files: dict[str, str] = import_module(f"components.{face}.files").files(current_cluster())
        return files

    return main
