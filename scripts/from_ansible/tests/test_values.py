"""What happens to a variable: its value, its default, or the reason why it has none."""

from __future__ import annotations

import pytest

from scripts.from_ansible.convert import Conversion
from scripts.from_ansible.inventory import find_hosts, read_inventory
from scripts.from_ansible.report import Report
from scripts.from_ansible.tests.conftest import CLASSES, DOJOT


def said(conversion, kind="findings") -> str:
    return "\n".join(getattr(conversion.report, kind))


# -- values that have a home


@pytest.mark.parametrize(
    "old, new, path, value",
    [
        ("dojot_namespace: dojot", "dojot_namespace: iot", "cluster.namespace", "iot"),
        ("dojot_domain_name: dojot.domain", "dojot_domain_name: iot.example.org", "cluster.domain", "iot.example.org"),
        ("dojot_insecure_mqtt: 'true'", "dojot_insecure_mqtt: false", "insecure_mqtt", False),
        ("    https: 30002", "    https: 31002", "nodeports.apigw.https", 31002),
        ("  vernemq: vernemq", "  vernemq: brokers", "node_groups.vernemq.label", "brokers"),
        (
            "dojot_kafka_persistent_volumes: true",
            "dojot_kafka_persistent_volumes: false",
            "services.kafka-server.volumes.kafka-volume.persistent",
            False,
        ),
        (
            "dojot_x509_identity_mgmt_replicas: 1",
            "dojot_x509_identity_mgmt_replicas: 2",
            "services.x509-identity-mgmt.replicas",
            2,
        ),
        ("dojot_bridges_replicas: 9", "dojot_bridges_replicas: 12", "scale.bridges_per_broker", 4),
        ("dojot_vernemq_replicas: 3", "dojot_vernemq_replicas: 9", "scale.devices", 9 * 33334),
        ("dojot_kubernetes_rbac: true", "dojot_kubernetes_rbac: no", "cluster.rbac", False),
        ("dojot_kubernetes_rbac: true", "dojot_kubernetes_rbac: 0", "cluster.rbac", False),
    ],
)
def test_another_value(convert, ansible, old, new, path, value):
    assert path not in convert().parameters or path == "cluster.domain"
    ansible.change(DOJOT, old, new)
    assert convert().parameters[path] == value


@pytest.mark.parametrize(
    "line, path, value",
    [
        ("dojot_auth_version: v0.6.1", "release.images.auth", "dojot/auth:v0.6.1"),
        # As it is written: the number would be 3.1.
        ("dojot_mongodb_version: 3.10", "release.images.mongodb", "dojot/mongo:3.10"),
        ("dojot_kafka_volume_size: 20Gi", "services.kafka-server.volumes.kafka-volume.size", "20Gi"),
        ("docker_log_size: 200m", "platform.runtime.log.max_size", "200Mi"),
        ("dojot_kafka_port: '9192'", "services.kafka-server.ports.server.number", 9192),
        ("dojot_zk_volume_size: 3Gi", "services.zookeeper.volumes.zk-volume-log.size", "3Gi"),
        # Plain references are followed.
        ("mine: v7\ndojot_auth_version: '{{ mine }}'", "release.images.auth", "dojot/auth:v7"),
        ("dojot_auth_version: '{{ dojot_version }}-rc1'", "release.images.auth", "dojot/auth:v0.6.0-rc1"),
    ],
)
def test_a_variable_with_a_default_of_its_own(convert, ansible, line, path, value):
    ansible.add(f"\n{line}\n")
    assert convert().parameters[path] == value


def test_several_homes(convert, ansible):
    ansible.add("\ndojot_psql_port: 5433\n")
    written = convert().parameters
    assert written["services.postgres.ports.postgres.number"] == 5433
    assert written["services.postgres.kubernetes_services.postgres.ports.postgres"] == 5433


def test_fewer_brokers_than_the_guides_minimum(convert, ansible):
    ansible.change(DOJOT, "dojot_vernemq_replicas: 3", "dojot_vernemq_replicas: 1")
    conversion = convert()
    assert conversion.parameters["scale.minimum_brokers"] == 1
    assert conversion.parameters["scale.devices"] == 33334
    assert conversion.parameters["scale.bridges_per_broker"] == 9
    assert "scale.devices is 33,334, what so many brokers carry" in said(conversion, "notes")


def test_the_class_of_a_provisioner_is_not_taken_over(convert, ansible):
    ansible.change(DOJOT, 'dojot_storage_class_name: "local-storage"', "dojot_storage_class_name: longhorn")
    conversion = convert()
    assert "volumes.storage_class" not in conversion.parameters
    assert "dojot_storage_class_name = longhorn: local-storage is kept" in said(conversion, "notes")


def test_labels_that_are_the_same_share_a_group(convert, ansible):
    ansible.change(DOJOT, "  x509: x509", "  x509: dojot")
    conversion = convert()
    assert conversion.parameters["placement.x509"] == "dojot"
    assert "node_groups.x509.label" not in conversion.parameters


# -- variables that are absent


def test_an_absent_switch_has_the_reference_deployments_default(convert, ansible):
    ansible.change(DOJOT, "dojot_mongodb_persistent_volumes: true\n", "")
    conversion = convert()
    assert conversion.parameters["services.mongodb.volumes.mongodb-volume.persistent"] is False
    assert "dojot_mongodb_persistent_volumes = false: not set; the reference deployment's default differs" in said(
        conversion, "notes"
    )


@pytest.mark.parametrize(
    "line",
    [
        "dojot_namespace: dojot",
        "dojot_version: v0.6.0",
        "dojot_domain_name: dojot.domain",
        'dojot_storage_class_name: "local-storage"',
    ],
)
def test_a_mandatory_variable_is_missing(convert, ansible, line):
    ansible.change(DOJOT, f"{line}\n", "")
    assert f"{line.partition(':')[0]}: the variable is not set" in said(convert())


# -- findings


@pytest.mark.parametrize(
    "line, finding",
    [
        (
            "dojot_vernmq_replicas: 4",
            (
                "dojot_vernmq_replicas = 4: the reference deployment has no such variable; left out. "
                "Did you mean dojot_vernemq_replicas?"
            ),
        ),
        ("our_own_switch: on", "our_own_switch = on: the reference deployment has no such variable"),
        ("dojot_nodeports: 30001", "dojot_nodeports = 30001: this must be a map; left out"),
        (
            "dojot_zk_cluster_size: many",
            (
                "dojot_zk_cluster_size = many: this must be a whole number; left out. "
                "Write the value at services.zookeeper.replicas of the target"
            ),
        ),
        ("dojot_zk_cluster_size: true", "this must be a whole number"),
        ("dojot_zk_cluster_size:", "dojot_zk_cluster_size: this must be a whole number"),
        ("dojot_zk_volume_size: {size: 1Gi}", "dojot_zk_volume_size: this must be a single text or number"),
        ("dojot_zk_volume_size: [1Gi]", "dojot_zk_volume_size: this must be a single text or number"),
        ("dojot_influxdb_bucket: !mine x", "a value of the YAML tag !mine"),
        (
            "dojot_psql_version: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3161",
            (
                "dojot_psql_version: ansible-vault encrypted the value; it is not decrypted here; left out. "
                "Write the value at release.images.postgres of the target"
            ),
        ),
        ("dojot_apigw_version: \"{{ lookup('env', 'VERSION') }}\"", "an expression of Ansible, which is not evaluated"),
        # A password does not get into the target through another value.
        ("dojot_apigw_version: '{{ dojot_psql_kong_passwd }}'\ndojot_psql_kong_passwd: x", "an expression of Ansible"),
        ("dojot_apigw_version: '{{ nowhere }}'", "an expression of Ansible"),
        ("dojot_apigw_version: '{{ dojot_apigw_version }}'", "an expression of Ansible"),
        ("dojot_zk_use_external: true", "dojot_zk_use_external = true: left out: the cluster has its own"),
        ("kong_url: http://other", "kong_url = http://other: left out: the address of the API gateway is derived"),
        ("k8s_version: 1.18.0-00", "k8s_version = 1.18.0-00: the platform's class has 1.17.3, which is taken"),
        ("haproxy_version: 2.4", "haproxy_version = 2.4: the platform's class has 2.0"),
        ("nginx_version: '1.20'", "nginx_version = 1.20: left out: HAProxy is the one load balancer"),
    ],
)
def test_a_line_that_needs_a_person(convert, ansible, line, finding):
    ansible.add(f"\n{line}\n")
    conversion = convert()
    name = line.partition(":")[0]
    assert [
        text
        for text in conversion.report.findings
        if finding in text and text.startswith(f"{ansible.place(DOJOT, name)}: ")
    ], said(conversion)


@pytest.mark.parametrize(
    "old, new, finding",
    [
        (
            "dojot_insecure_mqtt: 'true'",
            "dojot_insecure_mqtt: 'false'",
            (
                "dojot_insecure_mqtt = 'false': a quoted word, "
                "which the templates of the reference deployment take for true: there it was on. Read as false"
            ),
        ),
        (
            "dojot_insecure_mqtt: 'true'",
            "dojot_insecure_mqtt: maybe",
            "dojot_insecure_mqtt = maybe: this must be true or false",
        ),
        (
            "dojot_bridges_replicas: 9",
            "dojot_bridges_replicas: 10",
            "there are 3 brokers; scale.bridges_per_broker is 4",
        ),
        (
            "dojot_vernemq_replicas: 3",
            "dojot_vernemq_replicas: 0",
            "dojot_vernemq_replicas = 0: this must be at least 1",
        ),
        ("dojot_version: v0.6.0", "dojot_version: v0.7.0", "there is no class for this release; v0.6.0 is taken"),
        (
            "  mqtt: 30004",
            "  mqtt_: 30004",
            (
                "dojot_nodeports.mqtt_ = 30004: the reference deployment has no such variable; "
                "left out. Did you mean dojot_nodeports.mqtt?"
            ),
        ),
        (
            "dojot_vernemq_replicas: 3",
            "dojot_vernemq_replicas: 3\ndojot_vernemq_replicas: 4",
            "dojot_vernemq_replicas: the key is written twice, first at",
        ),
    ],
)
def test_a_changed_line_that_needs_a_person(convert, ansible, old, new, finding):
    ansible.change(DOJOT, old, new)
    conversion = convert()
    assert finding in said(conversion)


def test_two_files_that_disagree(convert, ansible):
    ansible.add("dojot_vernemq_replicas: 6\n", "group_vars/all/zz.yaml")
    ansible.add("dojot_vernemq_replicas: 9\n", "group_vars/all/readme.txt")
    conversion = convert()
    assert conversion.parameters["scale.devices"] == 6 * 33334
    assert (
        f"zz.yaml:1: dojot_vernemq_replicas = 6: the variable has other values too (3 at "
        f"{ansible.place(DOJOT, 'dojot_vernemq_replicas')}); this one counts" in said(conversion)
    )
    assert "readme.txt: left out: Ansible does not read a file of this name" in said(conversion, "notes")


def test_a_value_that_is_set_twice_alike(convert, ansible):
    ansible.add("dojot_vernemq_replicas: 3\n", "group_vars/all/zz.yaml")
    conversion = convert()
    assert "dojot_vernemq_replicas" not in said(conversion)
    assert "as well, to the same value" in said(conversion, "notes")


def test_a_group_of_variables_that_no_playbook_uses(convert, ansible):
    ansible.add("dojot_vernemq_replicas: 6\n", "group_vars/worker_node.yaml")
    conversion = convert()
    assert (
        "worker_node: no playbook of the reference deployment uses this group; left out. Did you mean "
        "worker_nodes?" in said(conversion)
    )
    assert "scale.devices" not in conversion.parameters


# -- passwords


def test_passwords_of_one_secret_are_brought_together(convert, ansible, parameters):
    ansible.add("\ndojot_psql_kong_passwd: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3161\ndojot_psql_super_passwd: x\n")
    conversion = convert()
    assert (
        "dojot_psql_kong_passwd: never written to Git; the place is Secret kong-secret, key password. The "
        "bootstrap makes random ones. To keep what there is" in said(conversion, "notes")
    )
    assert "create secret generic postgres-secret --from-file=password=FILE" in said(conversion, "notes")
    assert conversion.report.findings == []


def test_the_password_of_a_mail_account_is_brought(convert, ansible):
    ansible.add("\ndojot_auth_email_passwd: x\n")
    assert "dojot_auth_email_passwd: of no effect" in said(convert(), "notes")
    ansible.change(DOJOT, "dojot_auth_email_enabled: false", "dojot_auth_email_enabled: true")
    assert "Secret auth-email-secret, key password. The bootstrap waits for it" in said(convert(), "notes")


def test_two_passwords_for_one_key(ansible, parameters):
    """MinIO's own and image-manager's: nobody could log in."""
    ansible.add("\ndojot_minio_secret_key: x\ndojot_minio_access_key: u\ns3_secret_key: y\n")
    classes = {
        **parameters,
        "services": {
            **parameters["services"],
            "minio": {"secrets": {"minio-secret": {"user": "minio", "password": "random"}}},
        },
    }
    report = Report()
    Conversion(read_inventory(find_hosts(ansible.folder), report), classes, CLASSES, report).run()
    assert [
        line
        for line in report.findings
        if "dojot_minio_secret_key and s3_secret_key: these differ, and key "
        "password of Secret minio-secret holds one of them" in line
    ]
    assert [line for line in report.notes if "minio-secret --from-file=user=FILE --from-file=password=FILE" in line]


# -- notes


@pytest.mark.parametrize(
    "line, note",
    [
        ("dojot_auth_email_host: mail.example.org", "of no effect, because dojot_auth_email_enabled is false"),
        ("dojot_influxdb_retention: 30d", "of no effect: these services are not part of this cluster"),
        ("dojot_kubeconfig_file_path: /root/.kube/config", "left out: Argo CD runs in the cluster"),
        ("dojot_bootstrap: false", "dojot_bootstrap = false: left out: no Python library is needed"),
    ],
)
def test_what_has_no_effect_is_no_finding(convert, ansible, line, note):
    before = convert()
    ansible.add(f"\n{line}\n")
    conversion = convert()
    assert conversion.report.findings == before.report.findings and conversion.parameters == before.parameters
    assert note in said(conversion, "notes")


def test_an_optional_service_without_its_set(convert, ansible):
    ansible.change(DOJOT, "dojot_guiv2_enabled: false", "dojot_guiv2_enabled: true")
    assert "dojot_guiv2_enabled" in said(convert(), "notes")
    assert "dojot_guiv2_enabled" not in said(convert([*CLASSES, "profile.gui-v2"]), "notes")
