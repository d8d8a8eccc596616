"""The compiled configuration in a real Prometheus, which asks a real HAProxy and a real node-exporter."""

from __future__ import annotations

from urllib.request import urlopen

import pytest

from components.monitoring.metrics import METRICS
from tests.engines.clusters import balancers
from tests.engines.monitoring import adapted
from tests.monitoring.expressions import expressions_of

pytestmark = pytest.mark.parametrize("cluster", balancers(), indirect=True, scope="session")


def test_only_what_this_machine_forbids_differs_from_the_compiled_files(site):
    found = list(adapted.differences(site.compiled["prometheus.yml"], site.running["prometheus.yml"]))
    expected = [f"global.{key}" for key in ("scrape_interval", "scrape_timeout", "evaluation_interval")]
    for job in site.compiled["prometheus.yml"]["scrape_configs"]:
        name = f"scrape_configs.{job['job_name']}"
        expected += [f"{name}.{key}" for key in ("scrape_interval", "scrape_timeout") if key in job]
        expected += [f"{name}.authorization.credentials_file"] * ("authorization" in job)
        expected += [f"{name}.{key}" for key in ("dns_sd_configs", "static_configs") if "dns_sd_configs" in job]
    assert sorted(found) == sorted(expected)
    for place in adapted.differences(site.compiled["rules.yml"], site.running["rules.yml"]):
        assert place.endswith((".for", ".expr")), place


def test_it_loads_every_job_and_rule(site):
    running = site.prometheus.ask("status/config")["yaml"]
    for job in site.compiled["prometheus.yml"]["scrape_configs"]:
        assert f"job_name: {job['job_name']}\n" in running
    groups = site.prometheus.ask("rules")["groups"]
    loaded = {(group["name"], rule["name"]) for group in groups for rule in group["rules"]}
    compiled = {
        (group["name"], rule.get("alert") or rule["record"])
        for group in site.compiled["rules.yml"]["groups"]
        for rule in group["rules"]
    }
    assert loaded == compiled
    assert site.prometheus.becomes('count(up{job="haproxy"} == 1)')
    failing = [
        (rule["name"], rule.get("lastError"))
        for group in site.prometheus.ask("rules")["groups"]
        for rule in group["rules"]
        if rule["health"] == "err"
    ]
    assert not failing


@pytest.mark.parametrize("job", ["haproxy", "node-exporter", "prometheus", "volume-usage", "certificate-expiry"])
def test_real_exporters_produce_what_is_read(site, job, figures):
    if job == "volume-usage" and not site.disks:
        pytest.skip("this node has no volume")
    assert site.prometheus.becomes(f'up{{job="{job}"}} == 1'), f"{job} does not answer"
    wanted = set(METRICS[job])
    if job == "node-exporter" and not site.prometheus.becomes("node_nf_conntrack_entries", 3):
        # A network namespace without rules tracks no connections.
        wanted -= {"node_nf_conntrack_entries", "node_nf_conntrack_entries_limit"}
    missing = set(wanted)
    for metric in wanted:
        if site.prometheus.becomes(metric, 10):
            missing.remove(metric)
    assert not missing, f"{job} has no {sorted(missing)}"
    figures(f"series of {job}", sum(site.prometheus.query(f'count({{job="{job}"}})').values()))


def test_the_load_balancers_host_is_measured_and_nobody_else_may_ask(site, watched):
    balancer = watched.load_balancer
    if balancer.node_exporter is None:
        pytest.skip("its system has no node-exporter that fits")
    here = f'{{job="load-balancer-host", node="{balancer.hosts[0].name}"}}'
    assert site.prometheus.becomes(f"up{here} == 1")
    assert site.prometheus.becomes(f"node_memory_MemAvailable_bytes{here}")
    assert site.prometheus.becomes(f'dojot:node_cpu:ratio{{node="{balancer.hosts[0].name}"}}')
    ours = (site.host, site.laboratory.host)
    stranger = next(host for host in site.laboratory.network.hosts.values() if host not in ours)
    url = f"http://{balancer.address}:{balancer.stats_port}/host-metrics"
    with stranger.inside(), pytest.raises(OSError, match="reset|closed"):
        urlopen(url, timeout=10).read()


def test_every_expression_of_rules_and_dashboards_is_understood(site, watched):
    for expression in expressions_of(watched).values():
        site.prometheus.ask("query", query=expression)


def test_limits_and_recorded_series_have_values(site, watched):
    balancer = watched.load_balancer
    for frontend in balancer.frontends:
        limit = site.prometheus.query(f'dojot:listener_sessions:limit{{proxy="{frontend.name}"}}')
        assert list(limit.values()) == [frontend.maxconn]
        assert site.prometheus.becomes(f'dojot:listener_sessions:ratio{{proxy="{frontend.name}"}}')
        for server in frontend.servers:
            down = f'dojot:server_down:bool{{proxy="{frontend.name}", server="{server.name}"}}'
            assert site.prometheus.becomes(f"{down} == 0"), down
    assert site.prometheus.becomes(f'dojot:node_cpu:ratio{{node="{site.node.name}"}}')


def test_volumes_are_compared_with_their_sizes(site):
    if not site.disks:
        pytest.skip("this node has no volume")
    for volume, disk in site.disks:
        use = f'dojot:volume_bytes:ratio{{node="{disk.node.name}", path="{disk.host_path}"}}'
        assert site.prometheus.becomes(use), use
        ((labels, share),) = site.prometheus.query(use).items()
        # One megabyte of data, and what the file system needs for it.
        assert 2**20 <= share * volume.size <= 2**20 + 2**16
        assert dict(labels)["claim"] == disk.claim


def test_sessions_are_counted_where_they_are(site, watched):
    """Sessions of devices through HAProxy, and those that the broker counts."""
    laboratory = site.laboratory
    for frontend in laboratory.device_frontends:
        with laboratory.connect(frontend, "watched-1"), laboratory.connect(frontend, "watched-2"):
            seen = f'haproxy_frontend_current_sessions{{proxy="{frontend.name}"}} == 2'
            assert site.prometheus.becomes(seen), frontend.name
    site.counters |= {"socket_open": 100_123, "socket_close": 123}
    assert site.prometheus.becomes("dojot:sessions:count == 100000")


def test_a_server_that_is_lost_is_told_of_and_forgotten_again(site):
    laboratory = site.laboratory
    frontend = laboratory.device_frontends[0]
    broker = laboratory.brokers[frontend.servers[0].name]
    firing = f'ALERTS{{alertname="LoadBalancerServerDown", alertstate="firing", proxy="{frontend.name}"}}'
    assert not site.prometheus.query(firing)
    broker.stop()
    try:
        assert site.prometheus.becomes(firing), "HAProxy's server is down, and nobody says so"
        (labels,) = site.prometheus.query(firing)
        assert dict(labels)["server"] == frontend.servers[0].name
        told = [
            alert["annotations"]
            for alert in site.prometheus.ask("alerts")["alerts"]
            if alert["labels"]["alertname"] == "LoadBalancerServerDown" and alert["labels"]["proxy"] == frontend.name
        ]
        assert f"{frontend.servers[0].name} ({frontend.name})" in told[0]["summary"]
        alone = len(frontend.servers) == 1
        without = f'ALERTS{{alertname="LoadBalancerWithoutServer", alertstate="firing", proxy="{frontend.name}"}}'
        assert site.prometheus.becomes(without) if alone else not site.prometheus.query(without)
    finally:
        broker.start()
    assert site.prometheus.becomes(f"absent({firing})"), "the server is up again, and the alert does not end"


def test_a_broker_above_its_capacity_is_told_of(site, watched):
    firing = 'ALERTS{alertname="BrokerSessionsHigh", alertstate="firing"}'
    site.counters |= {"socket_open": watched.scale.devices_per_broker, "socket_close": 0}
    assert site.prometheus.becomes(f"absent({firing})")
    site.counters["socket_open"] = watched.scale.devices_per_broker * 3 // 2
    assert site.prometheus.becomes(firing)
    (alert,) = [
        alert
        for alert in site.prometheus.ask("alerts")["alerts"]
        if alert["labels"]["alertname"] == "BrokerSessionsHigh"
    ]
    assert "150 % of scale.devices_per_broker" in alert["annotations"]["description"]
    assert "broker has more sessions" in alert["annotations"]["summary"]


def test_no_alert_tells_with_an_empty_word(site):
    """A template that fails writes so, and a label that is missing leaves a gap."""
    assert site.prometheus.becomes('ALERTS{alertstate="firing"}')
    for alert in site.prometheus.ask("alerts")["alerts"]:
        for words in alert["annotations"].values():
            assert "<no value>" not in words and "error" not in words.lower().split(), alert["labels"]["alertname"]
            assert "  " not in words and not words.startswith(" "), f"{alert['labels']['alertname']}: {words}"
