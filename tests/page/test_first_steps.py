"""Values that name an example domain are listed, wherever the model has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from components.page.reserved import images, reserved_host, values


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://git.example.org/dojot/x.git", "git.example.org"),
        ("registry.example.com:5000/a/b:1", "registry.example.com"),
        ("broker.test", "broker.test"),
        ("git@git.example:dojot/x.git", "git.example"),
        ("host.invalid", "host.invalid"),
        ("https://github.com/dojot/example.git", None),
        ("dojot.domain", None),
        ("myexample.org", None),
        ("example.org.br", None),
        ("load_test.conf", None),
        ("localhost", None),
        ("curlimages/curl:7.76.1", None),
    ],
)
def test_reserved_hosts(text, host):
    assert reserved_host(text) == host


def test_each_is_listed_with_the_place_to_change(cluster, page):
    section = page.section("Before the first sync")
    found = {**values(cluster), **images(cluster)}
    for value in (*found, cluster.git.repository):
        assert f"`{value}`" in section
    assert ("reserved for examples" in section) == any(map(reserved_host, (*found, cluster.git.repository)))


def _images(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (value[key] for key in ("image", "bundlerImage") if key in value)
    if isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _images(inner)


def test_every_image_of_an_example_registry_is_listed(cluster, render, objects):
    found = {image for image in _images(objects.all) if "example.org/" in image}
    service = cluster.services[0]
    other = replace(service, container=replace(service.container, image="registry.example.net/a/b:1"))
    section = render(replace(cluster, services=(other, *cluster.services[1:]))).section("Before the first sync")
    said = dict(re.findall(r"^ +- `(\S+)`: an image in a registry of yours, for (.*) \(", section, re.M))
    assert said.keys() == {*found, other.container.image}
    assert said[other.container.image] == f"`{service.name}`"


def test_an_address_of_ones_own_is_not_listed(cluster, render):
    own = replace(cluster, git=replace(cluster.git, repository="https://git.city.br/iot.git"))
    section = render(own).section("Before the first sync")
    assert "the address of your fork" not in section
    assert "`https://git.city.br/iot.git`" in section


def test_any_other_value_is_listed_with_its_path(cluster, render):
    section = render(replace(cluster, domain="iot.example.net")).section("Before the first sync")
    assert "`iot.example.net`: `domain`" in section
