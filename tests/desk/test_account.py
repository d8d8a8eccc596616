"""What hosts have told of a dry run, in few lines."""

from __future__ import annotations

from components.desk import account

SAID = {
    "lb": ["would: end service haproxy", "skipped: nothing is there: HAProxy"],
    "one": [
        "would: kubeadm reset",
        "skipped: directories of volumes stay, with all that is in them: /srv/a",
        "== no line",
    ],
    "two": ["would: kubeadm reset", "would: kubeadm reset", "would: refuse: the cluster has other nodes: x"],
}


def test_the_same_words_of_several_hosts_stand_once():
    assert account.goes(SAID) == ["lb: end service haproxy", "one, two: kubeadm reset"]
    assert account.stays(SAID) == ["one: directories of volumes stay, with all that is in them: /srv/a"]


def test_a_refusal_is_nothing_that_goes():
    assert account.refused(SAID) == ["two: the cluster has other nodes: x"]
    assert account.refused({"lb": SAID["lb"]}) == [] == account.goes({})
