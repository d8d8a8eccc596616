"""`make size` and a compile at two hundred points: too long for `make test`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.sizing.agreement import WISHES, agrees, of_the_guide


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with of_the_guide(tmp_path_factory.mktemp("sized")) as found:
        yield found


@settings(max_examples=200, deadline=None, derandomize=True)
@given(WISHES)
def test_a_compile_of_what_it_says_is_accepted_and_is_that_cluster(made, wish):
    agrees(made, wish)
