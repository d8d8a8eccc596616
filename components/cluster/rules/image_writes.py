"""Where images write: the user may, and nothing grows until a disk is full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.inventory.finding import Finding, Path, listed

from ..input.contract import Write
from ..runs import Run, Runs
from .registry import Stage, rule

#: Root without it may write only what is root's.
_OVERRIDE = "DAC_OVERRIDE"


@rule(Stage.IMAGES)
def images_write_where_they_may(runs: Runs) -> Iterator[Finding]:
    """Each place that an image writes to is the container's user's, or one that is mounted for writing."""
    for run in runs:
        for write in run.contract.writes if run.job is None else ():
            if not _may_write(run, write):
                place, user = run.place(write), run.container.security.user
                fails = "it does not start" if write.when == "start" else "it fails when it does"
                yield Finding(
                    *_where(run, write),
                    f"{run.image} writes to {place} ({write.file}), where user {user} may not: {fails}",
                    _way_out(run, write),
                )


def _may_write(run: Run, write: Write) -> bool:
    security = run.container.security
    mount = run.volume_of(run.place(write))
    if mount:
        if mount.kind == "volume":
            group = run.service.spec.security.fs_group
            return mount.owner == security.user or group is not None or _OVERRIDE in security.capabilities
        return mount.kind == "scratch"
    if security.read_only_root:
        return False
    if run.value(write.moved_by):
        # What the contract says of the owner is said of another place.
        return security.user == 0
    user, group = map(int, write.owner.split(":"))
    return (
        write.anyone
        or security.user == user
        or (write.group_writes and security.group == group)
        or (security.user == 0 and _OVERRIDE in security.capabilities)
    )


def _where(run: Run, write: Write) -> tuple[Path, Any]:
    """The key that is in the way, and its value."""
    security = run.container.security
    mount = run.volume_of(run.place(write))
    if mount and mount.kind == "volume":
        return ("services", run.service.name, "volumes", mount.name, "owner"), mount.owner
    if write.moved_by:
        return (*run.path, "env", write.moved_by), run.value(write.moved_by)
    if security.read_only_root and (write.anyone or security.user == int(write.owner.split(":")[0])):
        return (*run.path, "security", "read_only_root"), True
    return (*run.path, "security", "user"), security.user


def _way_out(run: Run, write: Write) -> str:
    security, place = run.container.security, run.place(write)
    mount = run.volume_of(place)
    if mount and mount.kind == "volume":
        return f"Write owner: {security.user} at its volume {mount.name}, or fs_group under security"
    if mount:
        return f"Mount what is at {mount.path} somewhere else"
    folder = place if not place.rpartition("/")[2].count(".") else place.rpartition("/")[0]
    if write.moved_by:
        return (
            f"Write {write.moved_by}: /tmp/{write.moved_by.lower()} under env, and /tmp among writable under security"
        )
    if write.anyone:
        return f"Add {folder} to writable under security"
    user, group = write.owner.split(":")
    if security.read_only_root and security.user == int(user):
        return f"Add {folder} to writable under security"
    return f"Write user: {user} and group: {group} under security; it keeps no capability that is not listed there"


@rule(Stage.IMAGES)
def nothing_grows_without_end(runs: Runs) -> Iterator[Finding]:
    """What an image never shortens, its start command keeps small: or it ends in an eviction, or in a full disk."""
    for run in runs:
        for write in run.contract.writes if run.job is None else ():
            if not write.grows or any(part in run.command for part in write.kept_small):
                continue
            place = run.place(write)
            speed = f" by {write.growth.bytes:,} bytes a {write.growth.per}" if write.growth else ""
            end = "its pod is evicted" if run.volume_of(place) else "its node's disk is full"
            yield Finding(
                (*run.path, "command"),
                None,
                f"{run.image} writes to {place} ({write.file}) and never shortens it: it grows{speed} until {end}",
                f"Start it by a command with: {' or: '.join(write.kept_small)}"
                if write.kept_small
                else "Start it by a command that keeps it small, and name that under kept_small of its contract",
            )


@rule(Stage.IMAGES)
def images_run_as_they_can(runs: Runs) -> Iterator[Finding]:
    """An image whose files only some users can use runs as one of them."""
    for run in runs:
        user, security = run.contract.user, run.container.security
        if user is None or user.others == "any":
            continue
        can = (user.own, *user.others)
        if f"{security.user}:{security.group}" not in can:
            yield Finding(
                (*run.path, "security", "user"),
                security.user,
                f"{run.image} cannot run as user {security.user} of group {security.group} ({user.file})",
                f"Write user and group as in {listed(can)}",
            )
