"""Every page is sound HTML, every link leads somewhere, and values lead to the line that writes them."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import PurePosixPath
from posixpath import normpath

import pytest

from components.site.markdown import html
from components.site.site import files
from scripts import site as command
from tests.colours import contrast, schemes
from tests.conftest import CLUSTERS, ROOT
from tests.rendered import target_of

_VOID = {"meta", "link", "input", "br", "img", "hr"}


class Read(HTMLParser):
    """Fails where an element is not closed, or closed in the wrong order."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        #: (Tag, attribute, address), and what is told of it.
        self.links: list[tuple[str, str, str]] = []
        self.values: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        assert len(found) == len(attrs), f"{tag} has an attribute twice"
        if tag not in _VOID:
            self.open.append(tag)
        if "id" in found:
            self.ids.append(found["id"])
        self.links += [(tag, name, found[name]) for name in ("href", "src") if found.get(name)]
        if found.get("class") == "value":
            self.values.append((found["href"], found["title"]))
        if tag == "img":
            assert found.get("alt"), found

    def handle_startendtag(self, tag, attrs):
        assert tag in _VOID, tag
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"


@pytest.fixture(scope="module")
def site() -> dict[str, bytes]:
    return files(ROOT)


@pytest.fixture(scope="module")
def pages(site) -> dict[str, Read]:
    return {address: Read(content.decode()) for address, content in site.items() if address.endswith(".html")}


def _target(page: str, address: str) -> tuple[str, str]:
    there, _, anchor = address.partition("#")
    return normpath(str(PurePosixPath(page).parent / there)) if there else page, anchor


def _is_gone(there: str) -> bool:
    """A page of an example: a fork that has deleted examples keeps the documents that speak of them."""
    name = re.match(r"(?:compiled|inventory/targets)/(dojot-[^/.]+)", there)
    return bool(name) and "dojot-100k-current" not in CLUSTERS and name[1] not in CLUSTERS


def test_every_link_leads_somewhere(site, pages):
    assert len(pages) > 100
    for page, read in pages.items():
        for _, _, address in read.links:
            if "://" not in address:
                there, anchor = _target(page, address)
                if _is_gone(there):
                    continue
                assert there in site, f"{page}: {address}"
                assert not anchor or anchor in pages[there].ids, f"{page}: {address}"


def test_nothing_is_loaded_from_elsewhere(pages):
    for page, read in pages.items():
        assert not [link for link in read.links if "://" in link[2] and link[0] != "a"], page


def test_an_anchor_is_there_once(pages):
    for page, read in pages.items():
        assert len(read.ids) == len(set(read.ids)), page


def test_every_document_and_every_cluster_has_its_page(site):
    documents = [path.relative_to(ROOT).with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")]
    wanted = {str(path) for path in documents} | {"index.html", "README.html"}
    for name in CLUSTERS:
        wanted |= {f"compiled/{name}/{file}" for file in ("README.html", "cluster.svg", "parameters.html")}
    assert wanted <= set(site)


@pytest.mark.parametrize("name", CLUSTERS)
def test_values_lead_to_the_line_that_writes_them(pages, name):
    page = f"compiled/{name}/README.html"
    values = pages[page].values
    assert len(values) > 20
    for address, title in values:
        there, anchor = _target(page, address)
        key, place = title.split(", ")
        assert place == f"{there.removesuffix('.html')}:{anchor.removeprefix('L')}"
        line = (ROOT / there.removesuffix(".html")).read_text("utf-8").splitlines()[int(anchor.removeprefix("L")) - 1]
        assert key.split(".")[-1] in line or key.split(".")[-1].isdigit(), (line, key)
    told = {title.split(", ")[0] for _, title in values}
    assert {f"cluster.nodes.{node}.address" for node in target_of(name).parameters["cluster"]["nodes"]} <= told


def test_every_key_of_a_cluster_is_on_its_page_of_parameters(site):
    name = CLUSTERS[0]
    text = site[f"compiled/{name}/parameters.html"].decode()
    for key, value in target_of(name).parameters["scale"].items():
        if not isinstance(value, dict):
            assert f"<td><code>scale.{key}</code></td><td><code>{value}</code></td>" in text


def test_the_search_has_every_heading_and_leads_there(site, pages):
    sections = json.loads(site["index.js"].decode().removeprefix("window.SECTIONS = ").removesuffix(";\n"))
    for address, title, _, text in sections:
        there, anchor = _target("index.html", address)
        assert there in pages and (not anchor or anchor in pages[there].ids)
        assert title and text == text.lower()
    headings = {heading for _, _, heading, _ in sections}
    for document in ("docs/inventory.md", "docs/operations.md"):
        fenced = re.sub(r"^```.*?^```", "", (ROOT / document).read_text("utf-8"), flags=re.M | re.S)
        for heading in re.findall(r"^## (.+)$", fenced, re.M):
            assert re.sub(r"[`*]|\]\(.*?\)|\[", "", heading) in headings, heading


def test_colours_can_be_told_apart_in_both_schemes(site):
    style = site["site.css"].decode()
    assert not re.search(r"#[0-9a-f]{6}", style.split("* { box-sizing")[1]), "a colour that only one scheme has"
    for colours in schemes(style.split("* { box-sizing")[0]).values():
        for ink in ("ink", "faint", "there"):
            for ground in ("page", "frame", "host", "chip", "way"):
                assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# A *b* `c`\n\n# A b c", 'id="a-b-c-1"'),
        ("> [!WARNING]\n> Look", '<blockquote class="alert warning">\n<p>Warning: '),
        ("| a |\n| - |\n| b<br>c |", "<td>b<br>c</td>"),
        ("<!-- said\n-->\n\nx", "<p>x</p>"),
        ("a <script>alert(1)</script>", "&lt;script&gt;"),
        ("<div onclick=x>", "&lt;div onclick=x&gt;"),
        ("```mermaid\na --> b\n```", "a --&gt; b"),
        ("[x](javascript:alert(1))", "[x](javascript"),
    ],
)
def test_markdown(text, found):
    made = html(text, lambda address: address).html
    assert found in made
    Read(made)


def test_the_command_writes_and_never_over_somebodys_own(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "files", lambda root: {"index.html": b"one", "a/b.html": b"two"})
    output = tmp_path / "site"
    assert command.main(["--output", str(output)]) == 0
    assert (output / "a" / "b.html").read_bytes() == b"two"
    (output / "old.html").write_text("old")
    assert command.main(["--output", str(output)]) == 0
    assert not (output / "old.html").exists() and [path.name for path in tmp_path.iterdir()] == ["site"]
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "file").write_text("mine")
    capsys.readouterr()
    assert command.main(["--output", str(mine)]) == 1
    assert "Name another folder" in capsys.readouterr().err and (mine / "file").read_text() == "mine"
