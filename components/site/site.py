"""The whole site in a folder: pages, pictures, style, and the index of the search."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from components.inventory.inventory import INVENTORY, Inventory
from components.render import template

from .pages import FIRST, INDEX, Page, Pages
from .parameters import page as parameters_page
from .values import Values

_HERE = Path(__file__).parent
_PALETTE = _HERE.parent / "page" / "picture" / "palette.css"
# Where one begins to read, beside the clusters.
_DOCUMENTS = (
    "README.md",
    "docs/inventory.md",
    "docs/operations.md",
    "docs/monitoring.md",
    "bootstrap/README.md",
    "CONTRIBUTING.md",
)
# The page of all clusters leads to the others.
_IN_THE_MENU = 8
# Of a section, as many letters are searched.
_SEARCHED = 2000


def files(root: Path) -> dict[str, bytes]:
    """Address -> content, of the repository in `root`. Raises Refused where its inventory is."""
    inventory = Inventory.read(root / INVENTORY)
    values = {name: Values(inventory.target(name)) for name in inventory.clusters}
    clusters = [name for name in inventory.clusters if (root / "compiled" / name / "README.md").is_file()]
    pages = Pages(root, lambda path: _values_of(path, values))
    first = [FIRST, *(f"compiled/{name}/README.md" for name in clusters), *_DOCUMENTS]
    first += sorted(str(path.relative_to(root)) for path in (root / "docs").rglob("*.md"))
    first += sorted(str(path.relative_to(root)) for path in (root / INVENTORY).rglob("*.yml"))
    found = list(pages.all([path for path in first if (root / path).is_file()]))
    made = {page.address for page in found}
    found += [parameters_page(inventory.target(name), pages.address, made) for name in clusters]
    titles = {page.address: page.title for page in found}
    menu = [(INDEX, "All clusters"), *((f"compiled/{name}/README.html", name) for name in clusters[:_IN_THE_MENU])]
    menu += [
        (there, titles[there].partition(":")[0]) for path in _DOCUMENTS if (there := pages.address(path)) in titles
    ]
    beside = {
        f"compiled/{name}/README.html": [(f"compiled/{name}/parameters.html", "All parameters")] for name in clusters
    }
    site = {page.address: _html(page, menu, beside.get(page.address, [])).encode() for page in found}
    site |= {address: file.read_bytes() for address, file in pages.pictures.items()}
    site["site.css"] = _PALETTE.read_bytes() + (_HERE / "site.css").read_bytes()
    site["search.js"] = (_HERE / "search.js").read_bytes()
    site["index.js"] = f"window.SECTIONS = {json.dumps(_index(found), ensure_ascii=False)};\n".encode()
    return site


def _values_of(path: str, values: dict[str, Values]) -> Callable[[str], tuple[str, int, str] | None]:
    """A cluster's own pages are about its values."""
    _, _, inside = path.partition("compiled/")
    found = values.get(inside.partition("/")[0])
    return found.place if found else lambda _: None


def _html(page: Page, menu: list[tuple[str, str]], beside: list[tuple[str, str]]) -> str:
    root = "../" * page.address.count("/")
    above = os.path.dirname(page.address)
    return template(_HERE / "page.html.j2", page=page, menu=menu, beside=beside, root=root, above=above)


def _index(pages: Iterable[Page]) -> list[list[str]]:
    """[Address, title of the page, heading, text in small letters] of every section."""
    return [
        [
            page.address + (f"#{section.anchor}" if section.anchor and section.title != page.title else ""),
            page.title,
            "" if section.title == page.title else section.title,
            re.sub(r"\s+", " ", " ".join(section.text)).lower()[:_SEARCHED],
        ]
        for page in pages
        for section in page.sections
        if section.title or section.text
    ]
