"""Names of classes as reclass has them: which file is which class, and which class a name means."""

from __future__ import annotations

from pathlib import Path

SUFFIXES = (".yml", ".yaml")


def name_of(file: Path) -> str:
    """The name of a class by its file below classes/: dots for folders; folder/init.yml is the folder's."""
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "init" and len(parts) > 1 else parts)


def file_of(classes: Path, name: str) -> Path:
    """The file of a class; where there is none, the one to add."""
    base = classes / Path(*name.split("."))
    candidates = [base.with_name(f"{base.name}{suffix}") for suffix in SUFFIXES]
    candidates += [base / f"init{suffix}" for suffix in SUFFIXES]
    return next((file for file in candidates if file.is_file()), candidates[0])


def meant(name: str, inside: str) -> str | None:
    """The class that a name in class `inside` means ("": in a target); None where only reclass can tell."""
    if "${" in name:
        return None
    dots = len(name) - len(name.lstrip("."))
    if not dots:
        return name
    # One dot is the room of the class itself, each further one the room around it.
    around = inside.split(".")[:-dots]
    return ".".join([*around, name[dots:]])
