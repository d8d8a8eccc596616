"""Every check over everything compiled of every committed cluster, and proof that each check can fail."""

from __future__ import annotations

import pytest

from tests.compiled.breaking import BREAKS, assert_reported
from tests.compiled.rooms import CHECKS, import_breaks

import_breaks()


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
