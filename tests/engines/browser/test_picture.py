"""The picture of a cluster as a real browser lays it out, with the widest of the usual fonts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.cluster.types import Node
from components.page.picture import svg
from tests.colours import schemes
from tests.page.altered import with_nodes

from .conftest import SCHEMES, WIDTHS

# Each text beside the smallest box around its middle, and texts that cover each other: [what is wrong, ...].
_OVERFLOWS = """(() => {
  const at = each => each.getBoundingClientRect();
  const boxes = [...document.querySelectorAll('svg rect, svg circle')].map(at);
  const texts = [...document.querySelectorAll('svg text')].map(each => [each.textContent, at(each)]);
  const found = [];
  for (const [text, here] of texts) {
    const [x, y] = [(here.left + here.right) / 2, (here.top + here.bottom) / 2];
    const around = boxes.filter(b => b.left <= x && x <= b.right && b.top <= y && y <= b.bottom);
    const box = around.reduce((a, b) => a.width * a.height < b.width * b.height ? a : b);
    if (here.left < box.left - .5 || here.right > box.right + .5) found.push(`${text} leaves its box`);
    for (const [other, there] of texts)
      if (other !== text && here.left < there.right - 1 && there.left < here.right - 1
          && here.top + 4 < there.bottom && there.top + 4 < here.bottom) found.push(`${text} covers ${other}`);
  }
  for (const [text, here] of texts)
    for (const line of [...document.querySelectorAll('svg path.way')].map(at))
      if (here.left < line.right && line.left < here.right && here.top < line.bottom && line.top < here.bottom)
        found.push(`${text} covers an arrow`);
  if (!texts.length) found.push('no text');
  return found;
})()"""


def _brokers(cluster, number: int, name: str):
    model = cluster.groups["vernemq"].nodes[0]
    return with_nodes(
        cluster,
        "vernemq",
        [Node(name.format(n), f"10.100.100.{n}", "vernemq", model.hardware) for n in range(1, number + 1)],
    )


_OTHERS = {
    "four": lambda cluster: _brokers(cluster, 4, "verne-{}"),
    "twelve": lambda cluster: _brokers(cluster, 12, "verne-{}"),
    "three hundred": lambda cluster: _brokers(cluster, 300, "verne-{}"),
    "long names": lambda cluster: _brokers(cluster, 3, "WWWWWWWW-broker-with-a-name-that-no-box-has-room-for-{}"),
    "long domain": lambda cluster: replace(cluster, domain="mqtt.devices.city-of-somewhere.department.example.org"),
}


def _inline(folder, picture: str):
    page = folder / "picture.html"
    page.write_text(f"<!doctype html><meta charset=utf-8><style>svg {{ max-width: 100% }}</style>{picture}", "utf-8")
    return page


@pytest.mark.parametrize("width", WIDTHS)
def test_no_text_leaves_its_box(browser, compiled, tmp_path, width):
    browser.open(_inline(tmp_path, (compiled / "cluster.svg").read_text("utf-8")), width, "light")
    assert browser.tell(_OVERFLOWS) == []
    assert browser.tell("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("other", _OTHERS)
def test_no_text_leaves_its_box_in_other_clusters(browser, guide_cluster, pictures, tmp_path, other):
    browser.open(_inline(tmp_path, svg(_OTHERS[other](guide_cluster))), 800, "dark")
    browser.screenshot(pictures / f"{other}.png")
    assert browser.tell(_OVERFLOWS) == []


def test_a_text_that_is_too_wide_is_seen(browser, compiled, tmp_path):
    """The test above can fail."""
    text = (compiled / "cluster.svg").read_text("utf-8")
    browser.open(_inline(tmp_path, text.replace(">Load balancer<", f">{'Load balancer ' * 5}<")), 800, "light")
    assert any("leaves its box" in line for line in browser.tell(_OVERFLOWS))
    assert any("covers HAProxy" in line for line in browser.tell(_OVERFLOWS))


@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_shows_it_as_an_image_in_both_schemes(browser, compiled, pictures, tmp_path, width):
    """As GitHub does it: nothing but the file itself is there."""
    page = tmp_path / "page.html"
    page.write_text(
        f'<body style="margin:16px"><img style="max-width:100%" src="{(compiled / "cluster.svg").as_uri()}">'
    )
    shots = set()
    for scheme in SCHEMES:
        browser.open(page, width, scheme)
        assert browser.tell("document.images[0].naturalWidth > 0 && document.images[0].width <= innerWidth")
        shots.add(browser.screenshot(pictures / f"{compiled.name}-{width}-{scheme}.png"))
    assert len(shots) == 2


@pytest.mark.parametrize("scheme", SCHEMES)
def test_colours_are_those_of_the_scheme(browser, compiled, tmp_path, scheme):
    text = (compiled / "cluster.svg").read_text("utf-8")
    browser.open(_inline(tmp_path, text), 800, scheme)
    for selector, property_, name in (
        (".page", "fill", "page"),
        (".faint", "fill", "faint"),
        ("path.way.up", "stroke", "back"),
    ):
        seen = browser.tell(f"getComputedStyle(document.querySelector('svg {selector}')).{property_}")
        wanted = schemes(text)[scheme][name]
        assert seen == f"rgb({', '.join(str(int(wanted[at : at + 2], 16)) for at in (1, 3, 5))})"
