"""How long each part of a platform is mended, and what is newer in this inventory."""

from __future__ import annotations

import pytest

from components.supply.support import Part, classes, numbers, parts
from scripts import outdated
from tests.conftest import ROOT

_PART = Part("mine", "kubernetes", "Kubernetes", "v1.36.5", "2027-06", (("platform.kubernetes-1-37", "v1.37.2"),))


@pytest.mark.parametrize(
    ("today", "words"),
    [
        ("2027-03", "mended until the end of 2027-06;"),
        ("2027-04", "mended until the end of 2027-06, which is SOON;"),
        ("2027-06", "mended until the end of 2027-06, which is SOON;"),
        ("2027-07", "OVER since the end of 2027-06;"),
        ("2028-01", "OVER since the end of 2027-06;"),
    ],
)
def test_a_month_counts_to_its_end(today, words):
    assert outdated.line(_PART, today) == (
        f"mine: Kubernetes v1.36.5: {words} newer here: v1.37.2 (platform.kubernetes-1-37)"
    )


def test_what_is_newer_is_of_the_same_program(cluster):
    known = classes(ROOT / "inventory")
    assert {name for name, _ in known["runtime"].values()} >= {"docker", "containerd"}
    for part in parts(cluster, known):
        assert all(numbers(version) > numbers(part.version) for _, version in part.newer)
        assert not part.newer or part.name not in ("docker", "containerd")


def test_the_command(cluster, capsys):
    ends = [part.until for part in parts(cluster, {}) if part.until]
    assert outdated.main([cluster.name, "--today", min(ends)]) == outdated.OK
    assert " is SOON" in capsys.readouterr().out
    year, month = map(int, min(ends).split("-"))
    after = f"{year + month // 12}-{month % 12 + 1:02}"
    assert outdated.main([cluster.name, "--today", after]) == outdated.FINDING
    assert f"OVER since the end of {min(ends)}" in capsys.readouterr().out
    assert outdated.main(["nowhere"]) == outdated.USAGE
    with pytest.raises(SystemExit, match="2"):
        outdated.main(["--today", "tomorrow"])
