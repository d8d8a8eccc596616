"""The Argo CD face of every cluster keeps its promises."""

from __future__ import annotations

import pytest

from components.argocd.files import files
from tests.argocd.checks import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_promise(check, cluster, documents, manifests):
    check(cluster, documents, manifests)


def test_no_wildcard_anywhere(cluster):
    assert "*" not in files(cluster)["project.yml"] + files(cluster)["application.yml"]


def test_same_cluster_same_bytes(cluster):
    assert files(cluster) == files(cluster)
