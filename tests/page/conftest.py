"""The page read back: sections, tables, diagrams and links."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import yaml

from components.page.files import files


@dataclass(frozen=True)
class Page:
    text: str

    def section(self, title: str) -> str:
        """The text below a heading, up to the next heading that is not below it."""
        level, rest = re.search(rf"^(#+) {re.escape(title)}$(.*)", self.text, re.M | re.S).groups()
        return re.split(rf"^#{{1,{len(level)}}} ", rest, flags=re.M)[0]

    def tables(self, title: str) -> list[list[dict[str, str]]]:
        """Every table of a section as rows of {head: cell}, without the marks of code."""
        found: list[list[dict[str, str]]] = []
        heads: list[str] = []
        for line in self.section(title).splitlines():
            if not line.startswith("|"):
                heads = []
                continue
            cells = [_plain(cell) for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if not heads:
                heads = cells
                found.append([])
            elif not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
                assert len(cells) == len(heads), line
                found[-1].append(dict(zip(heads, cells, strict=False)))
        return found

    def table(self, title: str) -> list[dict[str, str]]:
        return self.tables(title)[0]

    @property
    def diagrams(self) -> list[str]:
        return re.findall(r"^```mermaid\n(.*?)\n```$", self.text, re.M | re.S)

    @property
    def links(self) -> list[str]:
        outside_of_diagrams = re.sub(r"^```.*?^```$", "", self.text, flags=re.M | re.S)
        return re.findall(r"\]\(([^)]+)\)", outside_of_diagrams)


def _plain(cell: str) -> str:
    cell = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", cell.strip())
    cell = cell.replace(r"\|", "|").replace("**", "").replace("`", "").replace("\N{NO-BREAK SPACE}", " ")
    return "" if cell == "–" else cell


@pytest.fixture(scope="session")
def render() -> Callable[..., Page]:
    """Cluster -> Page."""
    return lambda cluster: Page(files(cluster)["README.md"])


@pytest.fixture(scope="session")
def page(cluster, render) -> Page:
    return render(cluster)


@pytest.fixture(scope="session")
def objects(cluster) -> SimpleNamespace:
    """What the manifests of the same cluster say: the page must not say anything else."""
    from components.manifests.files import files as manifests

    found = [
        document for text in manifests(cluster).values() for document in yaml.load_all(text, Loader=yaml.CSafeLoader)
    ]
    return SimpleNamespace(
        all=found,
        of=lambda kind: {each["metadata"]["name"]: each for each in found if each["kind"] == kind},
    )
