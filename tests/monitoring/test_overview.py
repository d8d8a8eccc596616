"""What the first page says, asked of Prometheus' own language with series of each kind."""

from __future__ import annotations

import pytest
import yaml

from tests.monitoring.expressions import dashboards_of, panels
from tests.monitoring.promtool import promtool

_APP = 'argocd_app_info{name="@cluster@", sync_status="%s", health_status="%s"}'
_ANOTHER = _APP.replace("@cluster@", "another") % ("OutOfSync", "Missing")
_ACK = 'mqtt_connack_sent{node="a", mqtt_version="%s", %s}'
_FULL = "How full are memory, disks and databases"
#: Panel, its query, series of a minute each, what is said then: labels and number.
_CASES = {
    "in order": (
        *("Argo CD", "A", [(_APP % ("Synced", "Healthy"), "1x20"), (_ANOTHER, "1x20")]),
        [(_APP.removeprefix("argocd_app_info") % ("Synced", "Healthy"), 0)],
    ),
    "out of sync": (
        *("Argo CD", "A", [(_APP % ("OutOfSync", "Healthy"), "1x20")]),
        [(_APP % ("OutOfSync", "Healthy"), 1)],
    ),
    "unhealthy": (
        *("Argo CD", "A", [(_APP % ("Synced", "Degraded"), "1x20")]),
        [(_APP % ("Synced", "Degraded"), 1)],
    ),
    "nobody is refused": (
        "Refused a second",
        "A",
        [
            (_ACK % ("4", 'return_code="success"'), "0+600x20"),
            (_ACK % ("5", 'reason_code="success"'), "0+600x20"),
            # HAProxy's checks.
            (_ACK % ("4", 'return_code="client_identifier_not_valid"'), "0+600x20"),
        ],
        [("{}", 0)],
    ),
    "some are refused": (
        "Refused a second",
        "A",
        [
            (_ACK % ("4", 'return_code="not_authorized"'), "0+60x20"),
            (_ACK % ("5", 'reason_code="banned"'), "0+120x20"),
        ],
        [("{}", 3)],
    ),
    "alerts but the one that is none": (
        "Alerts",
        "A",
        [
            ('ALERTS{alertname="Watchdog", alertstate="firing"}', "1x20"),
            ('ALERTS{alertname="VolumeFilling", alertstate="firing"}', "1x20"),
            ('ALERTS{alertname="NodeNotReady", alertstate="pending"}', "1x20"),
        ],
        [("{}", 1)],
    ),
    "a job that is done": (
        "Pods that are not ready",
        "A",
        [
            ('kube_pod_status_ready{namespace="n", pod="job", condition="false"}', "1x20"),
            ('kube_pod_status_phase{namespace="n", pod="job", phase="Succeeded"}', "1x20"),
            ('kube_pod_status_ready{namespace="n", pod="kong", condition="false"}', "1x20"),
            ('kube_pod_status_phase{namespace="n", pod="kong", phase="Succeeded"}', "0x20"),
        ],
        [('kube_pod_status_ready{namespace="n", pod="kong", condition="false"}', 1)],
    ),
    "the fullest disks": (
        _FULL,
        "B",
        [
            (f'node_filesystem_{what}_bytes{{mountpoint="/", node="{node}"}}', f"{number}x20")
            for node, free in zip("abcd", (25, 96, 50, 75), strict=True)
            for what, number in (("avail", free), ("size", 100))
        ],
        [(f'{{mountpoint="/", node="{node}"}}', share) for node, share in (("a", 0.75), ("c", 0.5), ("d", 0.25))],
    ),
    "the first certificate": (
        "Until a certificate ends",
        "A",
        [('dojot_certificate_expiry_timestamp_seconds{path="a"}', "87000x20"), ('x{path="b"}', "1x20")],
        [("{}", 87000 - 600)],
    ),
    "a day ago": (
        "Devices, beside those of yesterday",
        "B",
        [("dojot:sessions:count", "5x1460")],
        [("dojot:sessions:count", 5)],
    ),
}


@pytest.mark.parametrize("name", _CASES)
def test_a_panel_says(guide_cluster_watched, tmp_path, name):
    title, letter, series, said = _CASES[name]
    found = dashboards_of(guide_cluster_watched)["dashboard_overview"]
    (query,) = (
        target["expr"]
        for panel in panels(found)
        if panel["title"] == title
        for target in panel["targets"]
        if target["refId"] == letter
    )
    test = {
        "interval": "1m",
        "input_series": [{"series": _own(guide_cluster_watched, one), "values": values} for one, values in series],
        "promql_expr_test": [
            {
                "expr": query,
                "eval_time": "24h10m" if name == "a day ago" else "10m",
                "exp_samples": [
                    {"labels": _own(guide_cluster_watched, labels), "value": value} for labels, value in said
                ],
            }
        ],
    }
    (tmp_path / "tests.yml").write_text(yaml.safe_dump({"rule_files": [], "tests": [test]}), "utf-8")
    code, words = promtool("test", "rules", tmp_path / "tests.yml")
    assert code == 0, words


def _own(cluster, text: str) -> str:
    return text.replace("@cluster@", cluster.name)
