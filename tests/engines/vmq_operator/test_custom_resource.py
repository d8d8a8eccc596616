"""The brokers' object on an API server: accepted strictly, kept whole."""

from __future__ import annotations

import copy
import json

from tests.platforms import each_platform

pytestmark = each_platform


def test_it_is_kept_as_it_was_compiled(site):
    done = site.apply(site.brokers)
    assert not done.stderr, f"the API server warns: {done.stderr}"
    found = site.get("vernemq", site.brokers["metadata"]["name"])
    assert found["spec"] == site.brokers["spec"], "the definition does not keep what the operator reads"
    assert found["apiVersion"] == site.brokers["apiVersion"]


def test_an_unknown_field_is_refused_or_lost(site):
    broken = copy.deepcopy(site.brokers)
    broken["metadata"]["name"] = "broken"
    broken["spec"]["affinity"]["podAffinities"] = {}
    if site.strict:
        done = site.apply(broken, check=False)
        assert done.returncode and "podAffinities" in done.stderr
    # Whoever does not ask for strictness is not told.
    site.plane.kubectl("create", "--validate=false", "-f", "-", input=json.dumps(broken))
    try:
        assert "podAffinities" not in site.get("vernemq", "broken")["spec"]["affinity"]
    finally:
        site.plane.kubectl("-n", site.cluster.namespace, "delete", "vernemq", "broken")


def test_a_wrong_type_is_refused(site):
    broken = copy.deepcopy(site.brokers)
    broken["metadata"]["name"] = "broken"
    broken["spec"]["size"] = str(broken["spec"]["size"])
    done = site.plane.kubectl("create", "--validate=false", "-f", "-", input=json.dumps(broken), check=False)
    assert done.returncode and "size" in done.stderr
