"""A review as a comment, judged by what GitHub's own reader of Markdown makes of it."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import HealthCheck, example, given, settings

from components.review.forms import escaping, markdown
from components.review.forms.clean import visible
from components.review.forms.comment import MARKER, MAXIMUM
from components.review.types import ClusterReview, Fact, Field, Level, Review, Verdict
from tests.review.forms.reviews import (
    AFTER,
    ATTENTION,
    BEFORE,
    CHANGED,
    DANGER,
    ROUTINE,
    SHAPES,
    full,
    review,
    reviews,
    texts,
)

#: What our own Markdown gives; nothing else may come of what it quotes. GitHub makes boxes of the quotations.
OURS = {"p", "strong", "code", "pre", "ul", "ol", "li", "blockquote", "details", "summary", "span"}

NO_DECISION = "Nothing is known that has to be decided before the merge."
ONE_DANGER = "1 danger has to be taken out of this change, or accepted, before the merge."


class Page(HTMLParser):
    """The elements of a page, its text outside code (elements part it), its code, and how its elements close."""

    def __init__(self, markup: str):
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.outside: list[str] = []
        self.code: list[str] = []
        self.wrong: list[str] = []
        self.open: list[str] = []
        self.comments: list[str] = []
        self.feed(_rendered(markup))
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)
        self.attributes += attrs
        if tag == "code":
            self.code.append("")

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        if "code" in self.open:
            self.code[-1] += data
        else:
            self.outside.append(data)

    def handle_comment(self, data):
        self.comments.append(data)


def _rendered(markup: str) -> str:
    # Unsafe: what GitHub's later filters take out must not be there in the first place.
    return cmarkgfm.github_flavored_markdown_to_html(markup, Options.CMARK_OPT_UNSAFE)


def _harmless(page: Page) -> None:
    assert set(page.tags) <= OURS
    assert not page.wrong and not page.open
    assert {name for name, _ in page.attributes} <= {"lang"}
    assert page.comments in ([], [MARKER[4:-3]])
    for text in page.outside:
        # As GitHub's filters look for people, issues, emoji, formulas and addresses in text.
        assert not re.search(r"@\w|#\d|gh-\d|:[\w+-]+:|://|www\.", text, re.IGNORECASE), text
        assert text.count("$") == 0 or text == "$"


@given(texts)
@example("1. a")
@example("- a")
@example("# a")
@example("#1")
@example("a \\#1")
@example("@a")
@example("<!-- a")
@example("a `b` c ``` d")
@example("")
@example("www.x")
@example("GH-1 o/r#1 :100: $x$ https://x.y")
def test_words_and_code_are_shown_as_they_are(text):
    text = visible(text)
    for form, shown in (
        (escaping.words, lambda page: "".join(page.outside)),
        (escaping.code, lambda page: "".join(page.code[:-1])),
    ):
        page = Page(f"- {form(text)} {escaping.code('x')}\n")
        _harmless(page)
        # An item, and a page, have no spaces at their ends; some spaces in a row are one in a browser.
        assert _spaced(shown(page)) == _spaced(text), form


def _spaced(text: str) -> str:
    return " ".join(text.split())


@given(texts.map(lambda text: text.replace("\n", "")))
def test_no_line_closes_the_block_it_is_in(text):
    page = Page(f"- a\n\n{escaping.block((visible(text), '```'), 'diff', '  ')}\n")
    assert [line.strip() for line in page.code[0].splitlines()] == [visible(text).strip(), "```"]
    _harmless(page)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(reviews)
def test_whatever_a_review_quotes_is_harmless(found):
    text = markdown.text(found)
    _harmless(Page(text))
    text.encode("utf-8")


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(reviews)
def test_a_review_is_never_too_long(found):
    for limit in (markdown.SMALLEST, 2_500, 4_000, MAXIMUM):
        text = markdown.text(found, limit)
        # GitHub counts characters, or bytes that four of them give; JavaScript counts units of UTF-16.
        assert len(text.encode("utf-16-le")) // 2 < limit
        _harmless(Page(text))
        assert text.startswith(f"{MARKER}\n> [!")


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("limit", [markdown.SMALLEST, 3_000, MAXIMUM])
def test_every_shape_is_a_page(name, limit):
    text = markdown.text(SHAPES[name], limit)
    assert len(text) < limit
    _harmless(Page(text))


def test_a_limit_that_holds_nothing_is_refused():
    with pytest.raises(ValueError, match="give it 2,048 at least"):
        markdown.text(SHAPES["one"], markdown.SMALLEST - 1)


def test_what_is_left_out_is_counted_and_everything_is_either_told_or_counted():
    text = markdown.text(SHAPES["huge"])
    told = len(re.findall("map-[0-9]+", text))
    assert 0 < told < 3_000
    last = text.rstrip().splitlines()[-1]
    assert f"{3_000 - told:,} objects" in last and "`make review BASE=origin/main`" in last
    # From the end: nothing is told behind the first thing that is not.
    assert "1 file" in last and "haproxy.cfg</summary" not in text.split("<summary>Objects")[1]
    assert "Left out" not in markdown.text(SHAPES["one"])


def test_a_smaller_limit_tells_the_beginning_of_the_same():
    # Nothing but folded objects: what is left out is said in as many words, and the end of the fold needs its room.
    some = review(ClusterReview("a", "changed", objects=SHAPES["huge"].clusters[0].objects[:13]))
    whole = markdown.text(some)
    assert "Left out" not in whole and len(whole) > markdown.SMALLEST + 500
    for limit in range(markdown.SMALLEST, markdown.SMALLEST + 400):
        text = markdown.text(some, limit)
        assert len(text) < limit
        told, _, left = text.partition("\nLeft out here")
        assert left and whole.startswith(told.removesuffix("\n</details>\n"))


def test_a_base_that_a_shell_would_read_is_quoted():
    found = Review("a';rm\tb", "head", SHAPES["huge"].clusters, ())
    page = Page(markdown.text(found))
    assert """make review BASE='a'"'"';rm\\tb'""" in page.code


def test_what_goes_on_behind_the_name_of_the_base_is_no_part_of_the_command():
    found = Review("main (c0ffee)", "head", SHAPES["huge"].clusters, ())
    assert "make review BASE=main" in Page(markdown.text(found)).code
    assert "make review BASE=..." in Page(markdown.text(replace(found, base=""))).code


def test_the_first_lines_say_what_somebody_has_to_do():
    lines = [line for line in markdown.text(SHAPES["two alike"]).splitlines() if line]
    assert lines[:3] == [
        MARKER,
        "> [!CAUTION]",
        f"> **Danger.** {ONE_DANGER} 1 thing needs a look before the merge.",
    ]
    assert lines[3] == ("`origin/main` → `more-workers`. Changed: `dojot-100k`, `dojot-full`. As before: `dojot-lab`.")
    both = "`dojot-100k`, `dojot-full`: "
    assert lines[5] == (f"- {both}`PersistentVolume/kafka-0`: kafka-0 moves to worker-4: its data stay on worker-3.")
    assert lines[6:8] == [
        "  - To do: Copy the folder first, while Kafka is stopped.",
        "  - To accept it: `accept: volume-moved PersistentVolume/kafka-0`",
    ]
    assert lines[9] == f"- {both}A third of all devices connects again, three times."
    assert lines[10].startswith("**Before the merge, as root on these hosts")
    assert lines[11].startswith(f"1. {both}`bootstrap.sh argocd` on `master-1`: Argo CD may")
    assert lines[12].startswith("**After the merge, as root on these hosts")
    assert lines[13].startswith(f"1. {both}`bootstrap.sh load-balancer` on `lb-1`, `lb-2` (attention): HAProxy")


def test_parts_come_in_the_order_of_who_has_to_act():
    titles = re.findall(r"^(?:\*\*|<details><summary>)([A-Z][^*<(,]+)", markdown.text(review(full())), re.M)
    assert [title.strip() for title in titles] == [
        "Danger",
        "What devices notice",
        "Before the merge",
        "After the merge",
        "Needs a look",
        "Notes",
        "The cluster",
        "Pods that Argo CD replaces",
        "Routine",
        "Objects",
        "Files",
    ]


def test_objects_stand_by_wave_and_service():
    text = markdown.text(SHAPES["one"])
    assert text.index("**`storage`, wave 0**") < text.index("**`kafka`, wave 3**")
    assert text.count("wave 3**") == 1
    assert "- `StatefulSet/kafka-server` in `dojot` changed\n  - `spec.replicas`: `3` → `5`\n" in text
    assert "  - `spec.paused`: new, `null`\n" in text
    assert "  - `spec.ports[9092/TCP].name`: gone, was `client`\n" in text
    assert "    ```diff\n     a=1\n    -b=2\n    +b=20\n     c=3\n    ```\n" in text


@pytest.mark.parametrize(
    "verdicts, level, said",
    [
        ((), "Attention", f"{NO_DECISION} Look at what the steps below do to their hosts."),
        ((ROUTINE,), "Attention", f"{NO_DECISION} Look at what the steps below do to their hosts."),
        ((ATTENTION,), "Attention", "1 thing needs a look before the merge."),
        ((DANGER,), "Danger", ONE_DANGER),
        (
            (Verdict("volume-moved", Level.DANGER, "a", "b.", accepted=True), ATTENTION),
            "Attention",
            "1 danger is accepted. 1 thing needs a look before the merge.",
        ),
    ],
)
def test_the_level_and_what_it_means(verdicts, level, said):
    assert f"> **{level}.** {said}\n" in markdown.text(review(full(verdicts=verdicts)))


def test_nothing_to_decide_and_no_step_is_routine():
    assert f"> **Routine.** {NO_DECISION}\n" in markdown.text(review(full(verdicts=(ROUTINE,), steps=())))


def test_what_is_accepted_stands_behind_and_is_not_offered_again():
    accepted = Verdict("a", Level.DANGER, "b", "First.", accepted=True)
    text = markdown.text(review(full(verdicts=(accepted, DANGER))))
    assert text.index("kafka-0 moves") < text.index("- `b`, accepted: First.")
    assert text.count("To accept it") == 1


def test_a_refused_inventory_says_what_to_put_right_first():
    text = markdown.text(SHAPES["refused"])
    assert "The inventory of 1 cluster is refused: nothing can be compiled from it." in text
    assert text.index("- `dojot-full`: inventory/targets/dojot-full.yml") < text.index("**Danger**")


def test_no_cluster():
    assert "> **Routine.** No cluster changes with this." in markdown.text(SHAPES["nothing"])


def test_facts_stand_under_their_clusters_and_the_first_ones_are_seen_at_once():
    many = tuple(Fact(f"fact {number}", "1", "2") for number in range(12))
    text = markdown.text(review(full("a", facts=many), full("b", facts=(*many, Fact("own", "1", "2")))))
    seen, folded = text.split("<details><summary>The cluster, further (3)</summary>\n\n")
    assert "**The cluster**\n\n**`a`, `b`**\n\n- fact 0: `1` → `2`\n- fact 1: " in seen
    assert seen.count("fact ") == 10
    assert folded.startswith("**`a`, `b`**\n\n- fact 10: `1` → `2`\n- fact 11: `1` → `2`\n\n**`b`**\n\n- own: ")


def test_steps_have_numbers_and_all_their_hosts():
    hosts = tuple(f"worker-{number}" for number in range(1, 25))
    text = markdown.text(review(full(steps=(AFTER, replace(AFTER, hosts=hosts), BEFORE))))
    assert re.search(r"^1\. `bootstrap.sh argocd`", text, re.M)
    assert re.search(r"^2\. `bootstrap.sh load-balancer` on `worker-1`.*`worker-24`", text, re.M)


def test_long_values_are_short():
    long = Field(("data",), "x" * 5_000 + "old", "x" * 5_000 + "new")
    lines = Field(
        ("data",), "\n".join("abcd" * 100 for _ in range(99)) + "\n", "\n".join("efgh" * 100 for _ in range(99))
    )
    text = markdown.text(review(full(objects=(replace(CHANGED, fields=(long, lines)),))))
    assert f"`…{'x' * 20}old` → `…{'x' * 20}new`" in text
    assert "… 186 more lines of this difference" in text
    assert max(map(len, text.splitlines())) < 400
