"""Programs that an engine test runs. Without one: a failure where CI=true, else a visible skip."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scripts import engine_catalogue
from scripts.engine_catalogue import Missing


def not_run(reason: str) -> None:
    """End the test: this machine cannot run it, for this reason."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(f"not run: {reason}")


def installed(program: str) -> Path:
    """Path of a program that Debian's packages hold."""
    try:
        return engine_catalogue.installed(program)
    except Missing as missing:
        not_run(str(missing))


def built(program: str, build: str) -> Path:
    """Path of a program of a build of engines.yml."""
    try:
        return engine_catalogue.built(program, build)
    except Missing as missing:
        not_run(str(missing))


def brought(program: str) -> Path:
    """Path of a program that engines.yml lists as unavailable. The one skip that CI allows."""
    try:
        return engine_catalogue.brought(program)
    except Missing as missing:
        pytest.skip(f"not run: {missing}")


def control_plane(minor: str) -> str:
    """Name of the build of engines.yml that runs clusters of this Kubernetes minor release."""
    try:
        return engine_catalogue.control_plane(minor)
    except Missing as missing:
        not_run(str(missing))
