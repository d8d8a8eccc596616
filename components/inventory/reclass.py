"""Reclass: the parameters of one target, out of its file and the classes that it includes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import reclass_rs
import yaml

from . import yaml_file
from .plain_file import read_text

#: What the inventory may say about reclass itself, as Kapitan reads it too.
SETTINGS = "reclass-config.yml"


class NotRendered(Exception):
    """Reclass refuses a target; the text is its own."""


class Reclass:
    """The targets of one inventory folder; each is rendered by itself."""

    def __init__(self, folder: Path):
        """Raises NotRendered, and Unreadable for a file of settings that cannot be read."""
        settings = {
            "storage_type": "yaml_fs",
            "inventory_base_uri": str(folder),
            "nodes_uri": "targets",
            "classes_uri": "classes",
            "compose_node_name": False,
            "allow_none_override": True,
            "ignore_class_notfound": False,
            **_own_settings(folder / SETTINGS),
        }
        with _refusing():
            config = reclass_rs.Config.from_dict(str(folder), settings, False)
            self._reclass = reclass_rs.Reclass.from_config(config)

    def render(self, target: str) -> dict[str, Any]:
        """Its parameters. Raises NotRendered."""
        with _refusing():
            return self._reclass.nodeinfo(target).parameters


def _own_settings(file: Path) -> dict[str, Any]:
    if not os.path.lexists(file):
        return {}
    yaml_file.read(file)
    found = yaml.safe_load(read_text(file))
    return found if isinstance(found, dict) else {}


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """What reclass cannot do it says as an error, or as a panic of Rust, which is an exception of its own kind."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        raise NotRendered(str(error)) from error
