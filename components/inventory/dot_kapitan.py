""".kapitan: the settings of Kapitan's own command line, as far as they say something about the output."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from . import yaml_file
from .refused import Refused
from .plain_file import Unreadable, read_text

FILE = Path(".kapitan")
# What the command line does without the file.
_BACKEND = "reclass-rs"


@dataclass(frozen=True)
class Output:
    """How Kapitan writes files that a face does not write as text itself."""

    multiline_style: str = "literal"
    indent: int = 2
    null_as_empty: bool = False


def output(file: Path = FILE) -> Output:
    """Raises Refused for settings under which Kapitan would write something else than make compile."""
    try:
        yaml_file.read(file)
        found = yaml.safe_load(read_text(file))
    except Unreadable as error:
        raise Refused([str(error)]) from error
    settings = found if isinstance(found, dict) else {}
    _check_version(file, settings.get("version"))

    def setting(section: str, name: str, default: Any) -> Any:
        for part in (section, "global"):
            values = settings.get(part)
            if isinstance(values, dict) and name in values:
                return values[name]
        return default

    if (backend := setting("inventory_backend", "inventory-backend", None)) != _BACKEND:
        raise Refused([f"{file}: global.inventory-backend = {backend}: make compile has {_BACKEND}. Write that"])
    for name in ("compose-target-name", "reveal", "yaml-use-rapidyaml"):
        if setting("compile", name, False):
            raise Refused([f"{file}: compile.{name}: make compile cannot do this. Take it out"])
    return Output(
        str(setting("compile", "yaml-multiline-string-style", "literal")),
        int(setting("compile", "indent", 2)),
        bool(setting("compile", "yaml-dump-null-as-empty", False)),
    )


def _check_version(file: Path, wanted: object) -> None:
    try:
        installed = version("kapitan")
    except PackageNotFoundError:
        installed = "not"
    if wanted is not None and str(wanted) != installed:
        raise Refused(
            [
                f"{file}: version = {wanted}: Kapitan {installed} is installed. "
                "Run make, which installs what requirements.lock names"
            ]
        )
