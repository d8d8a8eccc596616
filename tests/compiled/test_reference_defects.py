"""The defects of the reference deployment, one by one: which break makes it again, so that a check must report it.

Numbers are those of the list of defects that this project began with (sections A to
C: what an API server rejects, wrong behaviour, security), words are our own. A defect
that no compiled file can show says where it is proven instead, or why it is not
part of this set of services.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.compiled.breaking import BREAKS
from tests.compiled.breaks import (
    argocd,
    containers,
    hygiene,
    monitoring,
    placement,
    ports,
    reference,
    schemas,
    secrets,
    style,
    volumes,
)

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Defect:
    """`again` makes it again (functions of tests/compiled/breaks); `elsewhere` are files that
    prove or settle what a compiled file cannot show; `note` says what remains or why.
    """

    number: int
    what: str
    again: tuple[Callable, ...] = ()
    elsewhere: tuple[str, ...] = ()
    note: str = ""

    def __str__(self) -> str:
        return str(self.number)


DEFECTS = (
    Defect(1, "a StatefulSet without apiVersion", (schemas.a_set_without_an_api_version,)),
    Defect(2, "a StatefulSet of apiVersion v1", (schemas.a_set_of_the_wrong_group,), note="MinIO's"),
    Defect(
        3,
        "definitions of apiextensions v1beta1, with a namespace and a null creation time, not structural",
        (
            schemas.a_definition_of_an_old_version,
            style.a_definition_with_a_namespace,
            style.a_null,
            schemas.a_level_without_a_type,
            schemas.a_custom_resource_without_its_definition,
        ),
    ),
    Defect(
        4,
        "a disruption budget in a version that its release does not have",
        (schemas.a_kind_without_a_schema, schemas.a_budget_of_another_release),
        note="policy/v1beta1 is what 1.17 has; the platform class names the version",
    ),
    Defect(
        5,
        "same-node routing by a field that later releases dropped",
        (ports.bridges_that_call_any_broker,),
        ("tests/manifests/test_face.py",),
        "topologyKeys on 1.17; the platform class chooses the successor",
    ),
    Defect(6, "a misspelled key of a probe", (schemas.a_probe_with_a_misspelled_key,)),
    Defect(7, "a field where the kind has none", (schemas.an_unknown_field_of_a_service,)),
    Defect(8, "sets without a governing Service", (hygiene.a_set_without_a_service,)),
    Defect(
        9,
        "a migration whose second half never runs, without order against its database",
        (reference.an_operator_as_an_argument, argocd.a_migration_before_its_database),
    ),
    Defect(
        10,
        "jobs that cannot run a second time",
        (argocd.a_job_that_is_no_hook, argocd.a_job_that_stays, argocd.a_job_that_goes_by_itself),
    ),
    Defect(
        11,
        "a job that always succeeds, and calls that fail when sent again",
        (ports.one_plugin_id_for_two,),
        ("tests/engines/jobs/test_kong_routes.py",),
    ),
    Defect(
        12,
        "routes to services that the set does not have",
        (ports.a_route_to_a_missing_service, ports.a_call_to_a_service_of_another_profile),
    ),
    Defect(13, "images without a version", (style.an_image_without_a_tag, style.the_latest_image)),
    Defect(14, "a budget that lets no pod go, so that a drain hangs", (placement.half_of_one_pod,)),
    Defect(
        15,
        "one broker id for all, replication factors fixed at one",
        (reference.one_id_for_every_broker, reference.more_copies_than_brokers),
    ),
    Defect(
        16,
        "a coordination service that cannot grow and never purges",
        (reference.servers_that_do_not_know_each_other, reference.snapshots_that_stay),
    ),
    Defect(
        17,
        "a disk too small for the active segments; topics of one partition",
        (reference.a_disk_of_two_gibibytes, reference.topics_of_one_partition),
    ),
    Defect(18, "workloads without a place", (placement.a_deployment_without_a_place,)),
    Defect(
        19,
        "brokers that may share a node",
        (placement.brokers_without_distance, placement.bridges_without_distance),
    ),
    Defect(
        20,
        "brokers without storage and without resources",
        (reference.sessions_that_go_with_the_pod, hygiene.brokers_without_a_cpu_request),
    ),
    Defect(21, "a port of a Service behind which nothing listens", (ports.a_listener_that_the_brokers_do_not_open,)),
    Defect(
        22,
        "the text 'false' switches the plain listener on",
        (),
        ("tests/inventory/valid/with-tls-only.yml", "tests/inventory/invalid/boolean-quoted.yml"),
        "the schema takes true and false only",
    ),
    Defect(
        23,
        "governing Services that are missing or not headless, ports that no container opens",
        (hygiene.several_pods_without_names, ports.a_service_to_a_closed_port),
    ),
    Defect(24, "two manifests of one object", (style.the_same_service_twice,)),
    Defect(
        25,
        "a NodePort without a number, open to everybody",
        (ports.a_node_port_without_a_number, ports.a_node_port_too_many),
    ),
    Defect(26, "a Role that is bound to nobody", (hygiene.a_binding_to_nothing,)),
    Defect(
        27,
        "alerts that fire for ever, and speak of labels that went long ago",
        (monitoring.alerts_about_another_namespace,),
        ("tests/monitoring/test_alerts.py", "tests/inventory/invalid/alert-that-never-ends.yml"),
    ),
    Defect(
        28,
        "a volume that nobody uses, and a store without its volume",
        (volumes.a_volume_for_nobody, volumes.a_volume_that_is_missing),
    ),
    Defect(
        29,
        "a namespace written down twice",
        (style.an_object_of_another_namespace,),
        ("tests/inventory/test_valid.py",),
    ),
    Defect(30, "the exposed port is looked for in the wrong Service", (ports.a_service_with_another_node_port,)),
    Defect(
        31,
        "volumes that follow a label while the data stay; access modes that local volumes do not have",
        (volumes.a_volume_pinned_to_its_group_only, volumes.a_volume_of_another_access_mode, volumes.a_claim_for_many),
    ),
    Defect(
        32,
        "databases called after the user, rights on another name",
        (containers.a_database_called_after_its_user,),
        ("tests/engines/jobs/test_postgres_init.py",),
    ),
    Defect(
        33,
        "metrics read every second",
        (monitoring.brokers_that_are_asked_each_second,),
        ("tests/inventory/invalid/metrics-each-second.yml",),
    ),
    Defect(
        34,
        "passwords in ConfigMaps, in the environment, and equal to the user's name",
        (
            secrets.a_password_in_a_config_map,
            secrets.a_password_in_the_environment,
            secrets.a_password_in_the_inventory,
        ),
        ("tests/engines/jobs/test_postgres_init.py",),
    ),
    Defect(
        35,
        "a database that asks for no password, a Secret that nobody reads",
        (
            reference.a_database_that_asks_nobody,
            reference.a_client_without_a_password,
            secrets.a_secret_that_nobody_uses,
        ),
    ),
    Defect(
        36,
        "an admin port open to every pod",
        (reference.a_gateway_without_a_policy, reference.a_gateway_with_an_open_policy),
        note="the bootstrap installs what enforces the policies; whether it does is a matter for a running cluster",
    ),
    Defect(
        37,
        "containers without resources, probes and restrictions",
        (
            hygiene.a_container_without_resources,
            hygiene.a_container_without_a_probe,
            hygiene.a_container_with_capabilities,
            hygiene.a_container_that_may_rise,
        ),
    ),
    Defect(
        38,
        "images whose makers no longer mend them",
        (),
        ("inventory/classes/release/v0-6-0.yml",),
        "remains: they are dojot v0.6.0's own versions, each in one line of the release class",
    ),
    Defect(
        39,
        "the join token of kubeadm's documentation",
        (secrets.the_documentations_join_token,),
        ("tests/bootstrap/test_join.py",),
    ),
    Defect(
        40,
        "a service that logs in with the password that everyone knows",
        (reference.a_login_by_the_images_default, reference.an_administrator_with_the_first_password),
        ("tests/engines/jobs/test_admin_password.py",),
    ),
    Defect(
        41,
        "a set without the services that fill its database",
        (),
        ("inventory/classes/profile/load-test.yml",),
        "remains by design: the guide's set carries messages to Kafka and stores none",
    ),
)


def test_every_defect_is_accounted_for():
    """What makes one again is a break (test_checks.py makes it), what proves it elsewhere is there."""
    made = {entry.alter for entry in BREAKS}
    assert [str(one) for one in DEFECTS if not set(one.again) <= made] == []
    assert [path for one in DEFECTS for path in one.elsewhere if not (ROOT / path).is_file()] == []
    assert [str(one) for one in DEFECTS if not one.again + one.elsewhere] == []
    assert [one.number for one in DEFECTS] == list(range(1, 42))
