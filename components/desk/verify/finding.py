"""What a look at a cluster has found, and the shape in which programs get it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

#: Goes up when a key goes, or means something else; not when one is added.
VERSION: Literal[1] = 1
#: Where a finding is of none of the hosts.
CLUSTER = "cluster"


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Finding(_Said):
    """Something that is not as the commit says."""

    where: str = Field(description="a host's name, or `cluster`")
    what: str = Field(description="a file, an object, a service ...")
    wrong: str = Field(description="what is wrong with it")
    do: str = Field(description="what to do")
    source: str = Field(description="which look has found it, as in --only")


class Look(_Said):
    """One look at a cluster."""

    version: Literal[1] = VERSION
    cluster: str
    commit: str = Field(
        description="of the files that everything was compared with; with `+` where they are not as in it"
    )
    at: int = Field(description="when it began, in seconds since 1970")
    seconds: float = Field(description="how long it took")
    looked: tuple[str, ...] = Field(description="the sources that were looked at, as in --only")
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = Field(description="what was not looked at, and why; no findings")


def once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """What two places say alike is one thing: the first counts."""
    found: dict[tuple[str, str], Finding] = {}
    for each in findings:
        found.setdefault((each.what, each.wrong), each)
    return tuple(found.values())
