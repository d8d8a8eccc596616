"""Dashboards: valid for Grafana, valid for Prometheus, with the cluster's limits drawn in."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
import yaml

from components.manifests.config_files import contents
from tests.monitoring.expressions import dashboards_of, expressions_of, metrics_of, panels
from tests.monitoring.promtool import promtool

_FILES = Path(__file__).resolve().parents[2] / "inventory" / "files"
# kubectl apply keeps what it applied in an annotation, and all annotations of an object have 256 KiB.
_ANNOTATIONS = 256 * 1024


@pytest.fixture(scope="session")
def dashboards(watched):
    return dashboards_of(watched)


def _threshold(panel):
    return [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]][-1]


def _panel(dashboard, title):
    return next(panel for panel in panels(dashboard) if panel["title"] == title)


def test_each_has_a_name_of_its_own_and_cannot_be_edited_in_the_browser(dashboards):
    assert len({found["uid"] for found in dashboards.values()}) == len(dashboards) == 5
    for found in dashboards.values():
        assert not found["editable"] and found["title"] and found["refresh"]


def test_every_panel_asks_the_provisioned_data_source(dashboards):
    (source,) = yaml.safe_load((_FILES / "grafana-datasource.yml").read_text("utf-8"))["datasources"]
    for name, found in dashboards.items():
        for panel in panels(found):
            assert panel["datasource"] == {"type": source["type"], "uid": source["uid"]}, f"{name}: {panel['title']}"
            assert panel["title"] and panel["targets"] and all(target["expr"] for target in panel["targets"])
        for event in found.get("annotations", {}).get("list", ()):
            assert event["datasource"] == {"type": source["type"], "uid": source["uid"]} and event["enable"]


def test_only_series_of_now_are_told_by_their_names(dashboards):
    """Otherwise what Argo CD said an hour ago, or who was fullest then, would stand beside those of now."""
    for name, found in dashboards.items():
        for panel in panels(found):
            named = panel["type"] == "bargauge" or panel.get("options", {}).get("textMode") == "name"
            assert {bool(target.get("instant")) for target in panel["targets"]} == {named}, f"{name}: {panel['title']}"


def test_panels_do_not_overlap(dashboards):
    for name, found in dashboards.items():
        taken = {}
        for panel in panels(found):
            place = panel["gridPos"]
            columns, lines = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
            for cell in product(columns, lines):
                other = taken.setdefault(cell, panel["title"])
                assert other == panel["title"], f"{name}: {panel['title']} on {other}"
            assert place["x"] + place["w"] <= 24


def test_every_expression_is_promql(watched, tmp_path):
    expressions = enumerate(expressions_of(watched).values())
    rules = [{"record": f"expression_{number}", "expr": expression} for number, expression in expressions]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}), "utf-8")
    code, said = promtool("check", "rules", tmp_path / "rules.yml")
    assert code == 0, said


def test_limits_are_drawn(guide_cluster_watched):
    cluster, found = guide_cluster_watched, dashboards_of(guide_cluster_watched)
    overview, brokers, balancer, storage = (
        found[f"dashboard_{name}"] for name in ("overview", "brokers", "load_balancer", "storage")
    )
    assert _threshold(_panel(brokers, "Sessions of each broker")) == cluster.scale.devices_per_broker
    assert _threshold(_panel(overview, "Devices, of 100,000")) == cluster.scale.devices
    assert _threshold(_panel(overview, "Devices, beside those of yesterday")) == cluster.scale.devices
    assert _threshold(_panel(overview, "Who connects, and who is refused")) == pytest.approx(
        cluster.scale.reconnects_per_second
    )
    # A number that must not be too small is green from there on.
    assert _threshold(_panel(overview, "Brokers, of 3")) == len(cluster.groups["vernemq"].nodes)
    days = cluster.monitoring.alerts["CertificateExpiring"].below
    assert _threshold(_panel(overview, "Until a certificate ends")) == days * 24 * 60 * 60
    assert _threshold(_panel(brokers, "Messages a second")) == pytest.approx(cluster.scale.messages_per_second)
    assert _threshold(_panel(balancer, "Connections")) == cluster.load_balancer.maxconn
    limits = {_threshold(panel) for panel in panels(balancer) if panel["title"] == "Sessions"}
    assert limits == {frontend.maxconn for frontend in cluster.load_balancer.frontends}
    for _, volume, disk in cluster.disks:
        assert _threshold(_panel(storage, f"{disk.host_path} on {disk.node.name}")) == volume.size


#: What an operator wants to know first -> what tells it.
_FIRST = {
    "devices": {"dojot:sessions:count", "dojot:reconnects:rate", "mqtt_connack_sent"},
    "alerts": {"ALERTS", "up", "kube_pod_status_ready"},
    "brokers": {"dojot:broker_sessions:count", "system_utilization", "queue_message_in", "queue_message_out"},
    "HAProxy": {"dojot:listener_sessions:ratio", "haproxy_backend_current_queue", "dojot:source_ports:ratio"},
    "Kafka": {"kafka_consumergroup_lag"},
    "databases": {"pg_stat_database_numbackends", "pg_settings_max_connections", "dojot:volume_bytes:ratio"},
    "changes": {"argocd_app_info", "argocd_app_sync_total", "kube_pod_container_status_restarts_total"},
    "time left": {"dojot_certificate_expiry_timestamp_seconds", "dojot_backup_timestamp_seconds"},
}


def test_the_first_look_has_it_all(guide_cluster_watched):
    backup = guide_cluster_watched.backup.model_copy(update={"enabled": True})
    cluster = replace(guide_cluster_watched, backup=backup)
    read = [
        metrics_of(query) for place, query in expressions_of(cluster).items() if place.startswith("dashboard_overview")
    ]
    for what, metrics in _FIRST.items():
        assert metrics <= set().union(*read), f"{what}: {sorted(metrics - set().union(*read))}"


def test_a_sync_is_marked_in_all_graphs(watched):
    (event,) = dashboards_of(watched)["dashboard_overview"]["annotations"]["list"]
    assert f'argocd_app_sync_total{{name="{watched.name}"}}' in event["target"]["expr"] and event["textFormat"]


def test_grafana_gets_them_all_and_they_fit_into_one_object(watched):
    service = watched.service("grafana")
    mounted = contents(watched, service.files)
    sources = {file.source for file in service.files}
    assert {f"dashboard_{name}" for name in ("overview", "brokers", "load_balancer", "storage", "nodes")} <= sources
    assert sum(map(len, mounted.values())) < _ANNOTATIONS * 3 // 4
    (provider,) = yaml.safe_load(mounted["dashboards.yml"])["providers"]
    folders = {file.mount for file in service.files if file.source.startswith("dashboard_")}
    assert folders == {provider["options"]["path"]}
    env = {variable.name: variable.value for variable in service.container.env}
    assert env["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == f"{provider['options']['path']}/overview.json"
    assert env["PROMETHEUS_URL"] == "http://prometheus:9090"


def test_grafana_lets_nobody_in_who_has_no_account(watched):
    service = watched.service("grafana")
    env = {variable.name: variable for variable in service.container.env}
    assert env["GF_AUTH_ANONYMOUS_ENABLED"].value == env["GF_USERS_ALLOW_SIGN_UP"].value == "false"
    password = env["GF_SECURITY_ADMIN_PASSWORD"]
    assert service.secrets[password.secret][password.key] == "random"
