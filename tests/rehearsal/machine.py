"""What a rehearsal changes of this machine, and how it is put back: at its end, or by the next one if it was killed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.rehearsal.hosts import name, remove_groups

# A disk, and room for a cluster: /tmp may be memory.
PLACE = Path("/var/tmp")
_SETTINGS = "settings.json"


@contextmanager
def borrowed(settings: Mapping[str, int], put_back: Sequence[str]) -> Iterator[Path]:
    """A folder for all that a rehearsal writes, and kernel settings of the whole machine.

    At the end the folder is gone, and the settings, those of `put_back` too, are as before.
    """
    _sweep()
    folder = PLACE / name(os.getpid())
    folder.mkdir(mode=0o700)
    before = {key: _setting(key).read_text() for key in (*settings, *put_back) if _setting(key).is_file()}
    # Whole, or not there at all.
    (folder / f"{_SETTINGS}.new").write_text(json.dumps(before))
    (folder / f"{_SETTINGS}.new").rename(folder / _SETTINGS)
    try:
        # A machine that has no such setting has no such limit.
        for key in before.keys() & settings.keys():
            _setting(key).write_text(str(settings[key]))
        yield folder
    finally:
        _give_back(folder)


def _sweep() -> None:
    """What rehearsals left that were killed."""
    for folder in PLACE.glob(name(0).rpartition("0")[0] + "*"):
        process = folder.name.rpartition("-")[2]
        if process.isdigit() and not Path("/proc", process).exists():
            remove_groups(folder.name)
            _give_back(folder)


def _give_back(folder: Path) -> None:
    settings = folder / _SETTINGS
    # One that was ended just here has changed nothing yet, or has given all back.
    for key, text in json.loads(settings.read_text()).items() if settings.is_file() else ():
        if _setting(key).is_file() and _setting(key).read_text() != text:
            _setting(key).write_text(text)
    shutil.rmtree(folder, ignore_errors=True)


def _setting(key: str) -> Path:
    return Path("/proc/sys", key.replace(".", "/"))
