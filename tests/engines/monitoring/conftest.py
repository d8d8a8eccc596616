"""What the tests of this folder share with the fast ones."""

from tests.monitoring.conftest import guide_cluster_watched, watched

__all__ = ["guide_cluster_watched", "watched"]
