"""The picture has all that the inventory names, each where it belongs, and stays readable at any size of a cluster."""

from __future__ import annotations

import re
from itertools import combinations

import pytest
import yaml

from components.cluster.types import Node
from components.page.files import files
from components.page.picture import svg
from tests.colours import contrast, schemes
from tests.conftest import ROOT
from tests.rendered import target_of

from .altered import with_nodes, with_service, without
from .pictures import Picture

# A phone is 390 points wide, and GitHub leaves 16 on either side of a page.
_PHONE = 358


@pytest.fixture(scope="module")
def picture(cluster) -> Picture:
    return Picture(files(cluster)["cluster.svg"])


def _of(cluster) -> Picture:
    return Picture(svg(cluster))


def _nodes(cluster, number: int, name: str = "verne-{}") -> list[Node]:
    model = cluster.groups["vernemq"].nodes[0]
    return [Node(name.format(each), f"10.0.0.{each}", "vernemq", model.hardware) for each in range(1, number + 1)]


def test_every_machine_is_in_its_group(cluster, picture):
    """As the target says it, read by nobody but YAML's reader."""
    written = yaml.safe_load((ROOT / "inventory" / "targets" / f"{cluster.name}.yml").read_text("utf-8"))["parameters"]
    nodes = written["cluster"]["nodes"]
    for group in {node["group"] for node in nodes.values()}:
        members = {name: node["address"] for name, node in nodes.items() if node["group"] == group}
        found = picture.group(f"Group {group}")
        if not {*members} <= {*found}:
            # So many are one chip, with the first and the last of them.
            ends = list(members.items())[:: len(members) - 1]
            for texts in zip(*ends, strict=True):
                assert f"{' … '.join(texts)} ({len(members)})" in found
            continue
        for name, address in members.items():
            assert name in found
            assert any(text.split(" · ")[0] == address for text in found)
    for name, host in written["load_balancers"].items():
        found = picture.group("Load balancer")
        assert name in found and any(text.split(" · ")[0] == host["address"] for text in found)


def test_every_service_is_in_the_group_of_the_inventory(cluster, picture):
    services = target_of(cluster.name).parameters["services"]
    assert {path.stem for path in (ROOT / "compiled" / cluster.name / "manifests").glob("*.yml")} >= set(services)
    for name, service in services.items():
        frame = "On every node" if service["group"] == "every-node" else f"Group {service['group']}"
        said = [re.sub(r"^\d+ × | on .*$", "", text) for text in picture.group(frame)]
        assert said.count(service.get("title", name)) == 1, name


def test_ports_lead_where_the_load_balancer_leads(cluster, compiled, picture):
    """As HAProxy's own file says it."""
    config = (compiled / "haproxy" / "haproxy.cfg").read_text("utf-8")
    bound = set(re.findall(r"^\s+bind \S*?:(\d+)", config, re.M))
    drawn = picture.group("Load balancer")
    ports = {text[1:] for text in drawn if re.fullmatch(r":\d+", text)}
    assert ports and ports <= bound
    for port in ports:
        node_port = drawn[drawn.index(f":{port}") + 2].removeprefix("→ ")
        assert re.search(rf"^\s+server .*:{node_port}\b", config, re.M)


def test_bars_are_those_with_the_least_headroom_in_the_pages_table(page, picture):
    rows = {row["Limit"]: row["Headroom"] for row in page.table("Capacity")}
    said = " ".join(picture.group("Headroom"))
    exceeded = [what for what, headroom in rows.items() if "exceeded" in headroom]
    assert ("too much" in said) == bool(exceeded)
    least = min((row for row in rows.items() if row[0] not in exceeded), key=lambda row: _percent(row[1]))
    assert f"{least[1]} left" in said
    track, *_ = picture.of("track")
    for filled, words in zip(
        picture.of("fill"), re.findall(r"([<>]? ?\d+) % left", said)[-len(picture.of("fill")) :], strict=True
    ):
        if words.isdigit():
            assert 1 - filled.w / track.w == pytest.approx(int(words) / 100, abs=0.006)


def _percent(cell: str) -> float:
    number = float(re.search(r"-?\d+", cell)[0])
    return number - 0.5 if "<" in cell else number


def test_numbers_are_those_of_the_list(page, picture):
    listed = set(re.findall(r"^(\d)\. ", page.section("The way of a message"), re.M))
    assert listed == {words.text for words in picture.words if words.style == "number"}
    assert sorted(listed) == [str(number) for number in range(1, len(listed) + 1)]


def test_it_says_in_words_what_it_is(cluster, page, picture):
    root = picture.root
    assert root.get("role") == "img" and root.get("aria-labelledby") == "title desc"
    said = {each.get("id"): each.text for each in root if each.get("id")}
    assert f"![{said['title']}](cluster.svg)" in page.text
    for node in cluster.nodes:
        assert f"{node.name} ({node.address})" in said["desc"]
    for service in cluster.services:
        assert service.title in said["desc"]


def test_letters_can_be_read_on_a_phone(picture):
    assert picture.sizes
    assert min(picture.sizes) * _PHONE / picture.page.w >= 11
    assert picture.root.get("viewBox") == f"0 0 {picture.page.w:g} {picture.page.h:g}"


def test_colours_can_be_told_apart_in_both_schemes(picture):
    for colours in schemes(picture.style).values():
        for ink in ("ink", "faint", "bad"):
            for ground in ("page", "frame", "host"):
                assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
        for ground in ("chip", "way"):
            assert contrast(colours["ink"], colours[ground]) >= 4.5
        assert contrast(colours["faint"], colours["way"]) >= 4.5
        for badge in ("there", "back"):
            assert contrast(colours["on"], colours[badge]) >= 4.5
        for filled in ("well", "bad"):
            assert contrast(colours[filled], colours["track"]) >= 2.5
            assert contrast(colours[filled], colours["frame"]) >= 3


def _sound(picture: Picture) -> None:
    """Everything lies on the page; boxes of one kind do not meet, and no two texts begin at one place."""
    for rect in picture.rects:
        assert rect.x >= 0 and rect.x + rect.w <= picture.page.w + 0.1
        assert rect.y + rect.h <= picture.page.h
    for words in picture.words:
        assert picture.page.holds(words.x, words.y)
    for style in ("frame", "host", "chip", "carries"):
        for one, other in combinations(picture.of(style), 2):
            assert not one.meets(other), (style, one, other)
    frames = picture.of("frame")
    for inner in (*picture.of("host"), *picture.of("chip"), *picture.of("carries")):
        assert (
            sum(frame.holds(inner.x, inner.y) and frame.holds(inner.x + inner.w, inner.y + inner.h) for frame in frames)
            == 1
        )
    assert len({(words.x, words.y) for words in picture.words}) == len(picture.words)


def test_it_is_sound(picture):
    _sound(picture)


@pytest.mark.parametrize("brokers", [1, 3, 4, 5, 8, 12, 13, 300])
def test_any_number_of_brokers(guide_cluster, brokers):
    picture = _of(with_nodes(guide_cluster, "vernemq", _nodes(guide_cluster, brokers)))
    _sound(picture)
    found = picture.group("Group vernemq")
    names = {text for text in found if text.startswith("verne-")}
    assert names == (
        {f"verne-{n}" for n in range(1, brokers + 1)} if brokers < 13 else {f"verne-1 … verne-{brokers} ({brokers})"}
    )


def test_a_name_that_is_too_long_is_shortened(guide_cluster):
    picture = _of(
        with_nodes(
            guide_cluster, "vernemq", _nodes(guide_cluster, 3, "a-host-with-the-longest-name-that-a-host-may-have-{}")
        )
    )
    _sound(picture)
    assert any(text.startswith("a-host-with") and text.endswith("…") for text in picture.texts)


def test_nothing_is_drawn_that_is_not_there(guide_cluster):
    assert any("loopback" in text for text in _of(guide_cluster).texts)
    assert not any("loopback" in text for text in _of(without(guide_cluster, "kafka-loopback")).texts)
    bare = guide_cluster
    for name in ("v2k-bridge", "k2v-bridge", "kafka-loopback", "kafka-server"):
        bare = without(bare, name)
    picture = _of(bare)
    _sound(picture)
    assert {words.text for words in picture.words if words.style == "number"} == {"1", "2"}


def test_text_of_the_inventory_is_no_markup(guide_cluster):
    entry = guide_cluster.service("kong").spec.model_copy(update={"title": 'A & B <x> "y"'})
    assert any('A & B <x> "y"' in text for text in _of(with_service(guide_cluster, "kong", spec=entry)).texts)
