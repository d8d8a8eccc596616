"""A device that is silent for its whole keepalive stays connected; in shortened time.

The compiled timeout is half an hour. All time is divided by one factor here: the configuration is
compiled again from a model whose timeout is that much shorter, and the devices' keepalive as well.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace

import pytest

from components.cluster.load import load
from tests.conftest import ROOT
from tests.engines.clusters import balancers
from tests.engines.haproxy import adapted
from tests.haproxy.configuration import CONFIG
from tests.inventory.targets import renderer

pytestmark = pytest.mark.parametrize("cluster", balancers(), indirect=True, scope="session")

SHORT = 6  # seconds that the compiled timeout becomes
GUIDE = 300  # the timeout of the reference deployment, whose devices may not be silent for longer


def _shortened(cluster, timeout: int):
    return replace(cluster, load_balancer=replace(cluster.load_balancer, session_timeout=timeout))


def _silent(laboratory, seconds: float, times: int) -> bool:
    """Does a session live that sends a ping after each silence? The broker itself never ends it."""
    with laboratory.connect(laboratory.device_frontends[0], f"every-{seconds:.0f}-s") as device:
        for _ in range(times):
            time.sleep(seconds)
            if not device.alive():
                return False
    return True


def _for_ever(laboratory) -> float | None:
    with laboratory.connect(laboratory.device_frontends[0], "silent") as device:
        return device.ends_within(2 * SHORT)


def test_silence_up_to_the_keepalive_is_survived_and_longer_silence_is_not(cluster, texts, variant, figures):
    compiled, keepalive = cluster.load_balancer.session_timeout, cluster.scale.keepalive
    assert keepalive > GUIDE, "the devices' keepalive is not longer than the reference's timeout"
    factor = compiled / SHORT
    laboratory = variant(_shortened(cluster, SHORT))

    # Nothing else is different, and both sides are shorter by the same factor.
    differing = adapted.differences(
        adapted.on_this_machine(texts[CONFIG]), laboratory.balancer.config.read_text("utf-8")
    )
    assert differing == [
        f"{sign}     timeout {side} {seconds}s"
        for side, seconds in (("client", compiled), ("client", SHORT), ("server", compiled), ("server", SHORT))
        for sign in ("-" if seconds == compiled else "+")
    ]

    with ThreadPoolExecutor() as pool:
        longest = pool.submit(_silent, laboratory, keepalive / factor, 2)
        ended = pool.submit(_for_ever, laboratory)
        assert longest.result(), f"a device with keepalive {keepalive} s is cut off"
        after = ended.result()
    assert after is not None, f"a session that is silent for ever lives longer than {SHORT} s"
    assert SHORT - 0.5 < after < SHORT + 2, f"a silent session ended after {after:.1f} s, not {SHORT} s"
    figures(f"keepalive survived, in 1/{factor:.0f} of the time, s", f"{keepalive / factor:.2f} (for {keepalive})")
    figures("silence after which HAProxy ends a session, s", f"{after:.2f} (for {compiled})")


def test_the_reference_deployments_timeout_would_cut_such_a_device(cluster, variant):
    """What the test above can find."""
    factor = cluster.load_balancer.session_timeout / SHORT
    laboratory = variant(_shortened(cluster, round(GUIDE / factor)))
    assert not _silent(laboratory, cluster.scale.keepalive / factor, 1)


def test_the_compiled_timeout_follows_the_keepalive(cluster):
    """Shorter keepalives of the inventory: one and a half of each, and the same grace."""
    parameters, origin = renderer(ROOT / "inventory")(cluster.name)
    graces = {}
    for part in (1, 2, 4):
        changed = deepcopy(parameters)
        changed["scale"]["keepalive"] = keepalive = cluster.scale.keepalive // part
        graces[keepalive] = load(changed, origin).load_balancer.session_timeout - 1.5 * keepalive
    assert len(set(graces.values())) == 1 and min(graces.values()) > 0, (
        f"the timeout, less one and a half keepalives, is not the same for every keepalive: {graces}"
    )
