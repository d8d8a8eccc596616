"""Reviews of every shape, made by hand and by chance."""

from __future__ import annotations

from hypothesis import strategies as st

from components.review.types import (
    ABSENT,
    ClusterReview,
    Fact,
    Field,
    HostStep,
    Identity,
    Level,
    ObjectChange,
    Restart,
    Review,
    Verdict,
)

DANGER = Verdict(
    "volume-moved",
    Level.DANGER,
    "PersistentVolume/kafka-0",
    "kafka-0 moves to worker-4: its data stay on worker-3.",
    "Copy the folder first, while Kafka is stopped.",
)
ATTENTION = Verdict("restart", Level.ATTENTION, "StatefulSet/kafka", "Kafka's brokers restart one by one.")
ROUTINE = Verdict("label", Level.ROUTINE, "Deployment/kong", "A label of kong is new.")

CHANGED = ObjectChange(
    Identity("StatefulSet", "dojot", "kafka-server"),
    "kafka",
    3,
    {"spec": {"replicas": 3}},
    {"spec": {"replicas": 5}},
    (
        Field(("spec", "replicas"), 3, 5),
        Field(("spec", "paused"), ABSENT, None),
        Field(("spec", "ports", "[9092/TCP]", "name"), "client", ABSENT),
        Field(("data", "server.properties"), "a=1\nb=2\nc=3\n", "a=1\nb=20\nc=3\n"),
    ),
)
ADDED = ObjectChange(Identity("PersistentVolume", "", "kafka-3"), "storage", 0, None, {"kind": "PersistentVolume"}, ())
REMOVED = ObjectChange(Identity("Service", "dojot", "old"), "kafka", 3, {"kind": "Service"}, None, ())

BEFORE = HostStep(
    "argocd",
    ("master-1",),
    ("Argo CD may make the new volume",),
    ("PersistentVolume/kafka-3",),
    Level.ROUTINE,
    before_merge=True,
)
AFTER = HostStep(
    "load-balancer",
    ("lb-1", "lb-2"),
    ("HAProxy reloads",),
    ("haproxy/haproxy.cfg",),
    Level.ATTENTION,
)


def full(name: str = "dojot-100k", **other) -> ClusterReview:
    """A cluster of which there is everything to tell."""
    parts = {
        "facts": (Fact("Workers", "6", "7"), Fact("Devices", None, "100,000"), Fact("Broker", "1.2", None)),
        "objects": (ADDED, CHANGED, REMOVED),
        "files": ("haproxy/haproxy.cfg",),
        "steps": (BEFORE, AFTER),
        "restarts": (Restart("vernemq", 5, 3, "one after the other", 100_000),),
        "devices": ("A third of all devices connects again, three times.",),
        "verdicts": (ATTENTION, DANGER, ROUTINE),
        "notes": ("The image of kong is not known.",),
    }
    return ClusterReview(name, "changed", **(parts | other))


def review(*clusters: ClusterReview, others=("dojot-lab",), notes=()) -> Review:
    return Review("origin/main", "more-workers", clusters, tuple(others), tuple(notes))


REFUSED = ClusterReview("dojot-full", "refused", findings=("inventory/targets/dojot-full.yml:3: nodes: none.",))
SHAPES = {
    "nothing": review(),
    "nothing anywhere": review(others=()),
    "empty cluster": review(ClusterReview("dojot-lab", "changed")),
    "one": review(full()),
    "two alike": review(full(), full("dojot-full")),
    "many alike": review(*(full(f"cluster-{number}") for number in range(9))),
    "two different": review(full(), full("dojot-full", verdicts=(ROUTINE,), steps=())),
    "refused": review(full(), REFUSED, notes=("A commit is missing.",)),
    "added": review(ClusterReview("dojot-new", "added", objects=(ADDED,))),
    "removed": review(ClusterReview("dojot-old", "removed", objects=(REMOVED,))),
    "huge": review(
        full(
            objects=tuple(
                ObjectChange(Identity("ConfigMap", "dojot", f"map-{number}"), "kong", 4, {}, {}, CHANGED.fields)
                for number in range(3_000)
            )
        )
    ),
}

# What breaks out: of code, of tables, of HTML, of lists and of lines; what mentions; what moves a cursor.
_NASTY = st.sampled_from(
    [
        *("`", "```", "|", "~~", "*", "_", "\\", "[x](http://x)", "1. ", "- ", "# "),
        *("<b>", "</details>", "-->", "<!--", "&lt;", "@root", "#1", "GH-1", "$x$", ":100:", "www.x"),
        *("\x1b[2J", "\0", "\n", "\r", "\u2028", "\u202e", "\ud800", "\U0001f308"),
    ]
)
texts = st.lists(_NASTY | st.text(max_size=8) | st.text("`@<", max_size=40), max_size=12).map("".join)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts | st.integers(), inner, max_size=3),
    max_leaves=4,
)
_levels = st.sampled_from(Level)
_tuples = lambda inner: st.lists(inner, max_size=3).map(tuple)  # noqa: E731
_fields = st.builds(Field, _tuples(texts), _values | st.just(ABSENT), _values | st.just(ABSENT))
_objects = st.builds(
    ObjectChange,
    st.builds(Identity, texts, texts, texts),
    texts,
    st.integers(0, 9),
    st.none() | st.dictionaries(texts, _values, max_size=2),
    st.none() | st.dictionaries(texts, _values, max_size=2),
    _tuples(_fields),
)
_clusters = st.builds(
    ClusterReview,
    texts,
    st.sampled_from(["added", "removed", "changed", "refused"]),
    _tuples(st.builds(Fact, texts, texts | st.none(), texts | st.none())),
    _tuples(_objects),
    _tuples(texts),
    _tuples(st.builds(HostStep, texts, _tuples(texts), _tuples(texts), _tuples(texts), _levels, st.booleans())),
    _tuples(st.builds(Restart, texts, st.integers(0, 9), st.integers(0, 10**6), texts, st.integers(0, 10**6))),
    _tuples(texts),
    _tuples(st.builds(Verdict, texts, _levels, texts, texts, texts, st.booleans())),
    _tuples(texts),
    _tuples(texts),
)
reviews = st.builds(Review, texts, texts, _tuples(_clusters), _tuples(texts), _tuples(texts))
