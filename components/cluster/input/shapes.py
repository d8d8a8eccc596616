"""Scalars that several subjects share."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from ..quantity import millicores, size
from .scalar import Scalar

_LABEL = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
#: A number of an IPv4 address in a text.
OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_HOST_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"

NAME = Scalar(
    "a name of lower-case letters, digits and hyphens (at most 63, no hyphen at either end)",
    pattern=r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
)
Name = Annotated[str, NAME]
GroupName = Annotated[str, NAME("a node group such as dojot")]
TEXT = Scalar("a text that is not empty", empty=False)
Text = Annotated[str, TEXT]
# RFC 1035: 63 letters to a label, 253 to a name.
Domain = Annotated[
    str, Scalar("a host name or an IPv4 address", pattern=rf"(?=.{{1,253}}$){_HOST_LABEL}(\.{_HOST_LABEL})*")
]
Address = Annotated[str, Scalar("an IPv4 address such as 192.168.0.14", pattern=rf"({OCTET}\.){{3}}{OCTET}")]
Subnet = Annotated[
    str, Scalar("an IPv4 subnet such as 10.244.0.0/16", pattern=r"([0-9]{1,3}\.){3}[0-9]{1,3}/([89]|[12][0-9])")
]
Path = Annotated[str, Scalar("an absolute path such as /mnt/data", pattern=r"/[^\s:|]*")]
Directory = Annotated[
    str,
    Scalar(
        "a directory of the nodes such as /mnt/data: an absolute path of letters, digits, '.', '_' and '-', "
        "without . or .. as a part",
        pattern=r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._-]+)+",
    ),
]
# Without what a user's name and password would need.
Url = Annotated[str, Scalar("an address that begins with https://", pattern=r"https://[^\s|@]+")]
Sha256 = Annotated[str, Scalar("a SHA-256 checksum, 64 hexadecimal digits", pattern=r"[0-9a-f]{64}")]

Month = Annotated[str, Scalar("a month such as 2027-06", pattern="20[0-9]{2}-(0[1-9]|1[0-2])")]
Switch = Annotated[bool, Scalar("true or false, without quotes")]
POSITIVE = Scalar("a whole number of at least 1", minimum=1)
Positive = Annotated[int, POSITIVE]
NotNegative = Annotated[int, Scalar("a whole number of at least 0", minimum=0)]
# Kubernetes supports 5,000 nodes in a cluster; nothing here runs more often than that.
INSTANCES = Scalar("a whole number from 1 to 5000", minimum=1, maximum=5000)
Instances = Annotated[int, INSTANCES]

#: A port number in a text, 1 to 65535.
PORT_NUMBER = r"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
Port = Annotated[int, Scalar("a port number from 1 to 65535", minimum=1, maximum=65535)]
#: The first and the last that the API server gives (its --service-node-port-range, which kubeadm leaves alone).
NODE_PORTS = (30000, 32767)
NodePort = Annotated[
    int, Scalar("a NodePort from {} to {}".format(*NODE_PORTS), minimum=NODE_PORTS[0], maximum=NODE_PORTS[1])
]
PORT_NAME = Scalar(
    "a port name (at most 15 lower-case letters, digits and hyphens)", pattern=r"[a-z]([-a-z0-9]{0,13}[a-z0-9])?"
)
PortName = Annotated[str, PORT_NAME]

_CPU = Scalar(
    "a number of cores such as 2, 0.5 or 500m",
    pattern=r"([0-9]+(\.[0-9]+)?|[0-9]+m)",
    minimum=0,
    kinds=(str, int, float),
)
Cpu = Annotated[str | int | float, _CPU]
#: The same, as a number of millicores.
Millicores = Annotated[int, _CPU, AfterValidator(millicores)]
# With its unit: a bare number would be bytes, which nobody means.
_SIZE = r"(?=.*[1-9])[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)"
_SIZED = Scalar("a size with its unit such as 512Mi or 4Gi", pattern=_SIZE, kinds=(str,))
Size = Annotated[str, _SIZED]
#: The same, as a number of bytes.
Bytes = Annotated[int, _SIZED, AfterValidator(size)]
VolumeSize = Annotated[
    str,
    Scalar(
        "a size such as 2Gi, or a rule: kafka_log (the message log), stored_messages (a database of messages) or "
        "stored_metrics (Prometheus)",
        pattern=rf"kafka_log|stored_messages|stored_metrics|{_SIZE}",
    ),
]

LabelValue = Annotated[
    str, Scalar("a Kubernetes label value (at most 63 letters, digits, '-', '_' or '.')", pattern=_LABEL)
]
LabelKey = Annotated[
    str,
    Scalar(
        "a Kubernetes label key such as dojot.components/group",
        pattern=rf"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?{_LABEL}",
    ),
]
IMAGE = Scalar(
    "an image with a fixed tag (not latest), a digest, or both",
    pattern=r"[a-z0-9./_-]+(:[0-9]+/[a-z0-9./_-]+)?"
    r"(:(?!latest(@|$))[A-Za-z0-9_][A-Za-z0-9_.-]*(@sha256:[0-9a-f]{64})?|@sha256:[0-9a-f]{64})",
)
Image = Annotated[str, IMAGE]
Package = Annotated[str, Scalar("a package name", pattern=r"[a-z0-9][a-z0-9.+-]+")]
