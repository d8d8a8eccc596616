"""Every check over everything compiled of every committed cluster, and proof that each check can fail."""

from __future__ import annotations

import pytest

from tests.compiled.breaking import BREAKS, assert_reported
from tests.compiled.breaks import abilities as _abilities  # noqa: F401  (each registers its breaks)
from tests.compiled.breaks import argocd as _argocd  # noqa: F401
from tests.compiled.breaks import containers as _containers  # noqa: F401
from tests.compiled.breaks import hygiene as _hygiene  # noqa: F401
from tests.compiled.breaks import images as _images  # noqa: F401
from tests.compiled.breaks import monitoring as _monitoring  # noqa: F401
from tests.compiled.breaks import network as _network  # noqa: F401
from tests.compiled.breaks import objects as _objects  # noqa: F401
from tests.compiled.breaks import operator as _operator  # noqa: F401
from tests.compiled.breaks import placement as _placement  # noqa: F401
from tests.compiled.breaks import policies as _policies  # noqa: F401
from tests.compiled.breaks import ports as _ports  # noqa: F401
from tests.compiled.breaks import reference as _reference  # noqa: F401
from tests.compiled.breaks import schemas as _schemas  # noqa: F401
from tests.compiled.breaks import secrets as _secrets  # noqa: F401
from tests.compiled.breaks import storage as _storage  # noqa: F401
from tests.compiled.breaks import style as _style  # noqa: F401
from tests.compiled.breaks import volumes as _volumes  # noqa: F401
from tests.compiled.checks import (
    abilities, argocd, containers, hygiene, images, monitoring, network, objects, operator, placement, policies, ports,
    reference, schemas, secrets, storage, style, volumes,
)

CHECKS = [
    check
    for room in (
        schemas, operator, style, placement, ports, policies, volumes, secrets, argocd, hygiene, reference, abilities,
        monitoring, images, containers, network, objects, storage,
    )
    for check in room.CHECKS
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_everything_compiled_passes(check, tree):
    assert check(tree) == []


@pytest.mark.parametrize("broken", BREAKS, ids=str)
def test_the_check_reports(broken, trees):
    assert_reported(broken, trees())


def test_every_check_has_a_break():
    assert [check.__name__ for check in CHECKS if check not in {entry.check for entry in BREAKS}] == []


def test_there_is_something_to_check(tree):
    """An empty or half-written folder must not pass as a cluster without problems."""
    assert {path.split("/")[0] for path in tree.files} >= {"README.md", "argocd", "bootstrap", "haproxy", "manifests"}
    assert {service for service, _ in tree.manifests} >= set(tree.parameters["services"])
