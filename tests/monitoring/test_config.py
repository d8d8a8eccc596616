"""prometheus.yml: who is scraped, where and how often."""

from __future__ import annotations

from dataclasses import replace

import yaml

from components.monitoring.config import prometheus_config


def _config(cluster):
    return yaml.safe_load(prometheus_config(cluster))


def _jobs(cluster):
    return {job["job_name"]: job for job in _config(cluster)["scrape_configs"]}


def _with(cluster, **changes):
    return replace(cluster, monitoring=replace(cluster.monitoring, **changes))


def _targets(job):
    return {target: group.get("labels", {}) for group in job.get("static_configs", ()) for target in group["targets"]}


def test_every_service_with_metrics_is_a_job(watched):
    named = {service.name for service in watched.services if service.spec.metrics}
    assert named and named <= _jobs(watched).keys()


def test_each_broker_is_asked_by_itself(guide_cluster_watched):
    (found,) = _jobs(guide_cluster_watched)["vernemq"]["dns_sd_configs"]
    assert found == {"names": ["vernemq-k8s-pods.dojot.svc"], "type": "A", "port": 8888}


def test_each_node_is_asked_at_its_address_and_carries_its_name(watched):
    for name, port in (("node-exporter", 9100), ("kubelet", 10250), ("cadvisor", 10250)):
        assert _targets(_jobs(watched)[name]) == {
            f"{node.address}:{port}": {"node": node.name} for node in watched.nodes
        }


def test_prometheus_asks_itself_without_the_network(watched):
    assert list(_targets(_jobs(watched)["prometheus"])) == ["localhost:9090"]


def test_kubelets_ask_for_the_token(watched):
    for name in ("kubelet", "cadvisor"):
        job = _jobs(watched)[name]
        assert job["scheme"] == "https" and job["authorization"]["credentials_file"].endswith("/token")


def test_the_api_server_is_asked_where_it_listens_and_must_be_vouched_for(watched):
    job = _jobs(watched)["apiserver"]
    planes = [node for node in watched.nodes if node.group == "control-plane"]
    assert (job["scheme"], sorted(_targets(job))) == ("https", sorted(f"{one.address}:6443" for one in planes))
    assert job["tls_config"] == {"ca_file": "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"}
    assert job["authorization"]["credentials_file"].endswith("/token")


def test_prometheus_may_read_metrics_and_nothing_else(watched):
    rules = watched.service("prometheus").spec.cluster_rbac
    assert [(rule.resources, rule.nonResourceURLs, rule.verbs) for rule in rules] == [
        (("nodes/metrics",), None, ("get",)),
        (None, ("/metrics",), ("get",)),
    ]


def test_argo_cd_is_asked_in_its_own_namespace(watched):
    (target,) = _targets(_jobs(watched)["argocd"])
    assert target == f"argocd-metrics.{watched.platform.argocd.namespace}.svc:8082"


def test_haproxy_is_asked_where_it_listens_for_prometheus_and_only_if_there_is_one(guide_cluster_watched):
    balancer = guide_cluster_watched.load_balancer
    assert list(_targets(_jobs(guide_cluster_watched)["haproxy"])) == [f"{balancer.address}:{balancer.stats_port}"]
    assert "haproxy" not in _jobs(_with(guide_cluster_watched, load_balancer=False))


def test_a_job_may_have_its_own_rhythm(guide_cluster_watched):
    jobs = _jobs(_with(guide_cluster_watched, interval=60, intervals={"haproxy": 5}))
    assert (jobs["haproxy"]["scrape_interval"], jobs["haproxy"]["scrape_timeout"]) == ("5s", "5s")
    assert "scrape_interval" not in jobs["vernemq"]
    assert _config(_with(guide_cluster_watched, interval=60))["global"]["scrape_interval"] == "60s"


def test_nobody_is_asked_each_second(watched):
    config = _config(watched)
    rhythms = [config["global"], *(job for job in config["scrape_configs"] if "scrape_interval" in job)]
    for entry in rhythms:
        assert int(entry["scrape_interval"][:-1]) >= 5
        assert int(entry["scrape_timeout"][:-1]) <= int(entry["scrape_interval"][:-1])


def test_the_load_tests_exporter_is_asked_if_there_is_one(guide_cluster_watched):
    assert "locust" not in _jobs(guide_cluster_watched)
    exporter = "192.0.2.1:9646"
    tested = _jobs(_with(guide_cluster_watched, locust_exporter=exporter))
    assert list(_targets(tested["locust"])) == [exporter]


def test_alerts_are_sent_to_alertmanagers_if_there_are_any(guide_cluster_watched):
    assert "alerting" not in _config(guide_cluster_watched)
    found = _config(_with(guide_cluster_watched, alertmanagers=("192.0.2.1:9093",)))["alerting"]["alertmanagers"]
    assert found == [{"static_configs": [{"targets": ["192.0.2.1:9093"]}]}]


def test_the_rules_file_is_mounted_beside_it(watched):
    files = {file.name: file for file in watched.service("prometheus").files}
    assert _config(watched)["rule_files"] == ["rules.yml"]
    assert files["rules.yml"].mount == files["prometheus.yml"].mount
