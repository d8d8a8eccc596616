"""The Argo CD face and the manifests of each cluster, parsed."""

from __future__ import annotations

import pytest
import yaml

from components.argocd.files import files
from components.manifests.files import files as render


@pytest.fixture(scope="module")
def documents(cluster):
    """{file name: document} of the Argo CD face."""
    return {name: yaml.safe_load(text) for name, text in files(cluster).items()}


@pytest.fixture(scope="module")
def manifests(cluster):
    """All objects of the manifests, in one list."""
    return [found for text in render(cluster).values() for found in yaml.safe_load_all(text)]
