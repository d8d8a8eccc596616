"""The changes that no check needs to notice: excused.yml."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("excused.yml")
REASONS = ("equal meaning", "free choice")


@dataclass(frozen=True)
class Excuse:
    shape: str
    reason: str
    why: str

    def fits(self, shape: str) -> bool:
        return re.fullmatch(".*".join(map(re.escape, self.shape.split("*"))), shape) is not None


def excuses() -> list[Excuse]:
    found = [Excuse(**entry) for entry in yaml.safe_load(FILE.read_text("utf-8"))]
    for one in found:
        if one.reason not in REASONS:
            raise ValueError(f"{FILE.name}: {one.shape}: the reason is {' or '.join(REASONS)}, not {one.reason}")
    return found


def excused(shape: str, among: Iterable[Excuse]) -> Excuse | None:
    return next((one for one in among if one.fits(shape)), None)
