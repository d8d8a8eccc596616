"""Kapitan 0.36.3 inside this process: the inventory, and one cluster's files.

`python -m kapitan compile` spends most of its time importing what a compile never
uses (the SDKs of cloud key services). This calls the functions underneath with the
same settings, read from .kapitan; tests/engines/commands/test_kapitan.py holds the two
to the same bytes.
"""

from __future__ import annotations

import logging
import os
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

import pydantic
from kapitan import cached
from kapitan.inputs import get_compiler
from kapitan.inventory import Inventory
from kapitan.refs.base import RefController, Revealer
from kapitan.resources import get_inventory
from kapitan.utils import dot_kapitan_config, from_dot_kapitan
from kapitan.version import VERSION

from scripts.inventory_errors import explain, explain_settings
from scripts.inventory_files import InventoryFiles


class Refused(Exception):
    """The inventory cannot be read; `lines` are ready for people."""

    def __init__(self, lines: list[str]):
        self.lines = lines
        super().__init__("\n".join(lines))


class FaceFailed(Exception):
    """A face raised an error over a cluster that the model accepts: a bug of the face."""

    def __init__(self, face: str, cluster: str, cause: BaseException):
        self.face, self.cluster, self.cause = face, cluster, cause
        super().__init__(f"{face}: {cluster}: {cause!r}")


@dataclass
class Kapitan:
    """One inventory, read once; the process can hold one at a time.

    `inventory_path` and `search_paths` are relative to the current folder, which
    must be the root of the repository: .kapitan and the faces are found there.
    """

    inventory_path: Path
    inventory: Inventory
    args: Namespace
    search_paths: list[str]
    refs: RefController

    @classmethod
    def read(cls, inventory_path: Path) -> Kapitan:
        """Read the whole inventory. Raises Refused."""
        # Kapitan logs an inventory error and then exits; explain() says it better.
        logging.getLogger("kapitan").addHandler(logging.NullHandler())
        logging.getLogger("kapitan").propagate = False

        forget()
        _check_version()
        files = InventoryFiles(inventory_path)
        if files.findings:
            raise Refused(files.findings)

        args = _settings(inventory_path)
        cached.args = args
        refs = RefController(args.refs_path, embed_refs=args.embed_refs)
        cached.ref_controller_obj = refs
        cached.revealer_obj = Revealer(refs)
        try:
            inventory = get_inventory(str(inventory_path))
        except SystemExit as error:
            # get_inventory() exits with the InventoryError as its context.
            cause = error.__context__
            if isinstance(cause.__cause__, pydantic.ValidationError):
                raise Refused(explain_settings(cause.__cause__, files)) from error
            raise Refused([explain(str(cause), files)]) from error
        except Exception as error:
            raise Refused([f"{inventory_path}: {' '.join(str(error).split())}"]) from error
        search_paths = [os.path.abspath(path) for path in args.search_paths]
        return cls(inventory_path, inventory, args, search_paths, refs)

    @property
    def clusters(self) -> list[str]:
        """Names of all clusters, sorted."""
        return sorted(self.inventory.targets)

    def compile(self, cluster: str, into: Path) -> None:
        """Write the files of one cluster to `into`/<cluster>/. Raises FaceFailed."""
        settings = self.inventory.targets[cluster].parameters.kapitan
        (into / cluster).mkdir(parents=True, exist_ok=True)
        for entry in settings.compile:
            try:
                compiler = get_compiler(entry.input_type)(str(into), self.search_paths, self.refs, cluster, self.args)
                compiler.compile_obj(entry)
            except Exception as error:
                face = ", ".join(str(path) for path in entry.input_paths)
                raise FaceFailed(face, cluster, _root_cause(error)) from error


def _settings(inventory_path: Path) -> Namespace:
    """What the command line would make of .kapitan: its defaults, where .kapitan is silent."""

    def setting(flag: str, default, section: str = "compile"):
        return from_dot_kapitan(section, flag, default)

    return Namespace(
        inventory_path=str(inventory_path),
        inventory_backend=setting("inventory-backend", "reclass", "inventory_backend"),
        compose_target_name=setting("compose-target-name", False, "inventory_backend"),
        search_paths=setting("search-paths", [".", "lib"]),
        refs_path=setting("refs-path", "./refs"),
        embed_refs=setting("embed-refs", False),
        reveal=setting("reveal", False),
        indent=setting("indent", 2),
        # Kapitan's cache key overlooks shared code: its output can be stale.
        cache=False,
        yaml_multiline_string_style=setting("yaml-multiline-string-style", "literal"),
        yaml_dump_null_as_empty=setting("yaml-dump-null-as-empty", False),
        yaml_use_rapidyaml=setting("yaml-use-rapidyaml", False),
    )


def _check_version() -> None:
    wanted = str(dot_kapitan_config().get("version", VERSION))
    if wanted != VERSION:
        raise Refused(
            [
                f".kapitan: version = {wanted}: Kapitan {VERSION} is installed. "
                "Run make, which installs what requirements.lock names"
            ]
        )


def forget() -> None:
    """Drop all that Kapitan remembers of an earlier compile in this process."""
    from kapitan.inputs import base, kadet

    cached.reset_cache()
    cached.inventory_global_kadet = {}
    kadet.inventory_global.cache_clear()
    kadet.inventory_digest.cache_clear()
    base._ENSURED_DIRS.clear()


def _root_cause(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error
