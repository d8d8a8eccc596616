"""The pairs of promtool's unit tests, one for each alert; tests/engines/monitoring runs them."""

from __future__ import annotations

import pytest
import yaml

from components.monitoring.config import prometheus_config
from components.monitoring.rules import prometheus_rules
from tests.monitoring.promtool import CASES, alerts_of, promtool


def test_promtool_accepts_configuration_and_rules(watched, tmp_path):
    (tmp_path / "prometheus.yml").write_text(prometheus_config(watched), "utf-8")
    (tmp_path / "rules.yml").write_text(prometheus_rules(watched), "utf-8")
    for what in (("config", "--syntax-only", tmp_path / "prometheus.yml"), ("rules", tmp_path / "rules.yml")):
        code, said = promtool("check", *what)
        assert code == 0, said


def test_every_alert_has_its_pair(watched):
    assert alerts_of(prometheus_rules(watched)) <= {path.stem for path in CASES.glob("*.yml")}
    assert set(watched.monitoring.alerts) == {path.stem for path in CASES.glob("*.yml")}


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yml")), ids=lambda path: path.stem)
def test_a_pair_fires_and_does_not(path):
    fires, quiet = yaml.safe_load(path.read_text("utf-8"))
    assert fires["promql_expr_test"][0]["exp_samples"], "the first must fire"
    assert f'alertname="{path.stem}"' in fires["promql_expr_test"][0]["expr"]
    if "alert_rule_test" in quiet:
        (asked,) = quiet["alert_rule_test"]
        assert asked["alertname"] == path.stem and not asked.get("exp_alerts"), "the second must be silent"
    else:
        (asked,) = quiet["promql_expr_test"]
        assert f'alertname="{path.stem}"' in asked["expr"] and not asked.get("exp_samples"), "the second must be silent"
