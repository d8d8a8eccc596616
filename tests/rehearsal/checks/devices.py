"""What the cluster is for: devices reach a broker through the load balancer, and a message makes the whole way."""

from __future__ import annotations

import json
import ssl
import statistics
import tempfile
import time
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from components.cluster.types import Frontend
from tests.engines.bootstrap.network import in_network
from tests.engines.haproxy.laboratory import tls_ports
from tests.engines.mqtt.client import Client, Unanswered
from tests.engines.mqtt.generator import Generator
from tests.rehearsal.cluster import RehearsedCluster
from tests.rehearsal.crowd import listeners, plain
from tests.rehearsal.pods import processes

_TENANT = "admin"
SESSIONS = 4000
_MESSAGES = 200
# Seconds that a message may take: the bridges' clients of Kafka look for new topics every ten.
_PATIENCE = 90


def a_message_makes_the_whole_way(made: RehearsedCluster) -> None:
    """Device, load balancer, NodePort, broker, bridge, Kafka, loopback, bridge, broker, device."""
    back = any(service.name == "kafka-loopback" for service in made.cluster.services)
    for frontend in listeners(made):
        device = f"{_TENANT}:rehearsal-{frontend.name}"
        secret = frontend.node_port in tls_ports(made.cluster)
        try:
            tls = _certified(made, device) if secret else None
            took = made.site.outside(lambda at=frontend, name=device, tls=tls: _ask(made, at, name, tls, back))
        except (OSError, Unanswered) as failure:
            made.report.fail(f"{frontend.name}: a device's message: {failure!r}")
            continue
        way = "and back" if back else "to its broker (this cluster has no kafka-loopback that would send one back)"
        p50, p99 = (1000 * statistics.quantiles(took, n=100)[at - 1] for at in (50, 99))
        made.report.figure(
            f"a message by {frontend.name} {way}",
            f"the first {took[0]:.1f} s; of {len(took)} p50 {p50:.1f} ms, p99 {p99:.1f} ms",
        )


def a_device_without_a_certificate_is_refused(made: RehearsedCluster) -> None:
    for frontend in listeners(made):
        if frontend.node_port in tls_ports(made.cluster):
            open_to_all = ssl.create_default_context()
            open_to_all.check_hostname, open_to_all.verify_mode = False, ssl.CERT_NONE
            try:
                made.site.outside(lambda at=frontend, tls=open_to_all: _ask(made, at, f"{_TENANT}:nobody", tls, False))
            except (OSError, Unanswered):
                continue
            made.report.fail(f"{frontend.name} lets in a device that has no certificate")


def brokers_hold_sessions(made: RehearsedCluster) -> None:
    """So many at once on one broker, from the load balancer's address, by its NodePort."""
    for frontend in plain(made):
        server = frontend.servers[0]
        generator = Generator(server.address, server.port, within=made.balancer.within)
        try:
            opened = generator.ask(f"ramp sessions={SESSIONS}")
            held = generator.ask("hold seconds=10")
            answer = generator.ask("ping")
        finally:
            generator.stop()
        made.report.figure(f"sessions on {server.name}", f"{opened['open']} opened, {answer['answered']} answered")
        if (opened["open"], held["lost"], answer["answered"]) != (SESSIONS, 0, SESSIONS):
            made.report.fail(f"{server.name}: of {SESSIONS} sessions: {opened}, {held}, {answer}")


def _ask(
    made: RehearsedCluster, frontend: Frontend, device: str, tls: ssl.SSLContext | None, back: bool
) -> list[float]:
    """Seconds of each message, until the broker has taken it or its answer has come."""
    address, took = made.cluster.load_balancer.address, []
    with Client(address, frontend.listen, device, user=device, tls=tls, patience=_PATIENCE) as client:
        client.subscribe(f"{device}/config")
        for number in range(_MESSAGES):
            begun = time.monotonic()
            sent = {"number": number}
            client.publish(f"{device}/attrs", json.dumps(sent).encode())
            while back:
                topic, payload = client.receive()
                if topic == f"{device}/config" and json.loads(payload) == sent:
                    break
            took.append(time.monotonic() - begun)
            if not number:
                made.report.once("the first message")
    return took


def _certified(made: RehearsedCluster, device: str) -> ssl.SSLContext:
    """With a certificate of the cluster's own CA, which a bridge's pod may ask for."""
    (service,) = [one for one in made.cluster.services if one.name == "x509-identity-mgmt"]
    (bridge, *_) = [pod for name in ("k2v-bridge", "v2k-bridge") for pod in made.pods_of(made.cluster.service(name))]
    address = made.get("services", f"--namespace={service.namespace}", f"--field-selector=metadata.name={service.name}")
    url = (
        f"http://{address[0]['spec']['clusterIP']}:{address[0]['spec']['ports'][0]['port']}/internal/api/v1/throw-away"
    )
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device)])
    asked = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    body = json.dumps({"csr": asked.public_bytes(serialization.Encoding.PEM).decode()}).encode()

    def answers() -> tuple[str, str]:
        request = Request(url, body, {"Content-Type": "application/json"})
        # By no proxy of this machine.
        opener = build_opener(ProxyHandler({}))
        with opener.open(request, timeout=30) as signed, opener.open(f"{url}/ca", timeout=30) as authority:
            return json.load(signed)["certificatePem"], json.load(authority)["caPem"]

    certificate, authority = in_network(processes()[bridge["metadata"]["uid"]], answers)
    context = ssl.create_default_context(cadata=authority)
    # The broker's certificate is for the names inside of the cluster.
    context.check_hostname = False
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "device.pem")
        file.touch(mode=0o600)
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(certificate.encode() + secret)
        context.load_cert_chain(file)
    return context


CHECKS = (a_message_makes_the_whole_way, a_device_without_a_certificate_is_refused, brokers_hold_sessions)
