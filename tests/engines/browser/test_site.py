"""What `make site` writes, opened from the disk: no page is wider than its screen, and nothing has to serve it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts import site as command
from tests.conftest import CLUSTERS

from .conftest import SCHEMES, WIDTHS

_CLUSTER = f"compiled/{CLUSTERS[0]}"
PAGES = [
    "index.html",
    f"{_CLUSTER}/README.html",
    f"{_CLUSTER}/parameters.html",
    "docs/inventory.html",
    "docs/review.html",
    "inventory/classes/service/vernemq.yml.html",
]
# What sticks out of a screen and is in no box that scrolls: [what, ...].
_OUTSIDE = """width => [...document.querySelectorAll('main *, header *')].filter(each => {
  const box = each.getBoundingClientRect();
  return box.width && box.right > width + 1 && !each.closest('.wide, pre, nav, search ol, .skip');
}).map(each => each.outerHTML.slice(0, 100))"""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "site"
    assert command.main(["--output", str(folder)]) == 0
    return folder


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("page", PAGES)
def test_no_page_is_wider_than_its_screen(browser, site, pictures, page, width):
    shots = set()
    for scheme in SCHEMES:
        browser.open(site / page, width, scheme)
        assert browser.tell("document.documentElement.scrollWidth") <= width
        assert browser.tell(f"({_OUTSIDE})({width})") == []
        shots.add(browser.screenshot(pictures / f"{page.replace('/', '-')}-{width}-{scheme}.png"))
    assert len(shots) == 2


def test_a_page_that_is_too_wide_is_seen(browser, site):
    browser.open(site / "index.html", 390, "light")
    browser.tell("document.querySelector('main p').style.width = '900px'")
    assert browser.tell(f"({_OUTSIDE})(390)")


def _search(browser, words: str) -> list[list[str]]:
    """[[Address, text], ...] of what is shown."""
    browser.tell(
        f"(box => {{ box.value = {json.dumps(words)}; box.dispatchEvent(new Event('input')) }})"
        "(document.querySelector('search input'))"
    )
    return browser.tell("[...document.querySelectorAll('search li a')].map(each => [each.href, each.textContent])")


def test_the_search_finds_and_leads_there(browser, site):
    page = site / _CLUSTER / "README.html"
    browser.open(page, 800, "light")
    found = _search(browser, "backup restore")
    assert found and all(address.startswith(site.resolve().as_uri()) for address, _ in found)
    assert any("/docs/operations.html" in address for address, _ in found)
    browser.tell("document.querySelector('search li a').click()")
    browser.until(f"location.href === {json.dumps(found[0][0])} && document.readyState === 'complete'")
    assert browser.tell("!location.hash || !!document.getElementById(decodeURIComponent(location.hash.slice(1)))")
    assert _search(browser, "nosuchwordanywhere") == []
    assert "Nothing found" in browser.tell("document.querySelector('search ol').textContent")


def test_a_value_leads_to_its_line(browser, site):
    browser.open(site / _CLUSTER / "README.html", 800, "dark")
    title = browser.tell("(link => { link.click(); return link.title })(document.querySelector('a.value'))")
    browser.until("document.querySelector('.line:target') !== null")
    key = title.split(",")[0].split(".")[-1]
    assert key in browser.tell("document.querySelector('.line:target').textContent")
