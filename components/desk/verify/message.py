"""One device's session through the load balancer, and its message there, and back where somebody answers."""

from __future__ import annotations

import asyncio
import json
import secrets
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from components.cluster.types import Cluster, Frontend

from .finding import CLUSTER, Finding
from .mqtt import Refused, Session

SOURCE = "message"
#: Sends each device its own message again.
_LOOPBACK = "kafka-loopback"
#: Seconds; a bridge that has a new topic finds it within ten.
_PATIENCE = 30


@dataclass(frozen=True)
class Device:
    """TENANT:NAME, by which dojot knows it; with a certificate by a listener with TLS, else by a plain one."""

    name: str
    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None

    def context(self) -> ssl.SSLContext | None:
        """ssl.SSLError, OSError. The broker's certificate is for its names in the cluster, not for an address."""
        if not self.certificate:
            return None
        found = ssl.create_default_context(cafile=str(self.authority))
        found.check_hostname = False
        found.load_cert_chain(self.certificate, self.key)
        return found


def listener(cluster: Cluster, device: Device) -> Frontend | None:
    """Whichever listener such a device uses."""
    kind = "tls" if device.certificate else "mqtt"
    return next((each for each in cluster.load_balancer.frontends if each.devices and each.check == kind), None)


async def look(cluster: Cluster, device: Device, at: Frontend) -> list[Finding]:
    try:
        wrong = await asyncio.to_thread(_try, cluster, device, at)
    except (OSError, Refused) as error:
        wrong = f"a device does not get through: {error}"
    do = f"the listener {at.name} of HAProxy, then the brokers' logs; the device's own rights"
    return [Finding(where=CLUSTER, what=f"a message by {at.name}", wrong=wrong, do=do, source=SOURCE)] if wrong else []


def _try(cluster: Cluster, device: Device, at: Frontend) -> str:
    message = json.dumps({"verify": secrets.token_hex(8)}).encode()
    with Session(cluster.load_balancer.address, at.listen, device.name, device.context(), _PATIENCE) as session:
        back = any(service.name == _LOOPBACK for service in cluster.services)
        if back:
            session.subscribe(f"{device.name}/config")
        session.publish(f"{device.name}/attrs", message)
        end = time.monotonic() + _PATIENCE
        while back and time.monotonic() < end:
            with suppress(TimeoutError):
                if session.receive() == message:
                    return ""
    return f"the broker has taken it, and after {_PATIENCE} s it has not come back" if back else ""
