"""One Argo CD at work for all tests of this folder; what it says is added to a failed test's report."""

from __future__ import annotations

import pytest

from tests.engines.argocd.laboratory import Laboratory, at_work

LABORATORY = pytest.StashKey[Laboratory]()


@pytest.fixture(scope="session")
def laboratory(request, cluster, compiled, tmp_path_factory):
    """Its first commit is made, and Argo CD is about to sync it."""
    with at_work(cluster, compiled, tmp_path_factory.mktemp("argocd")) as found:
        request.session.stash[LABORATORY] = found
        yield found
        del request.session.stash[LABORATORY]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    laboratory = item.session.stash.get(LABORATORY, None)
    if report.failed and laboratory:
        report.sections.append(("Argo CD", laboratory.application.report()))
    return report
