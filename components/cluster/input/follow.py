"""Whether the load balancer takes its configuration from the repository by itself."""

from __future__ import annotations

from typing import Annotated, ClassVar

from .entry import NOTHING, Entry, Map, Wanted
from .scalar import Scalar
from .shapes import Name, Switch

# The types that OpenSSH signs with (ssh-keygen(1), -t; sk-... are hardware keys). DSA is gone.
_SSH_TYPE = r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)"


class Follow(Entry):
    """The load balancer's host looks into the repository and installs the haproxy.cfg that is committed there."""

    wanted: ClassVar = "enabled and every, such as {enabled: true, every: 60}"

    enabled: Switch
    """whether it does"""
    every: Annotated[int, Scalar("a number of seconds from 30 to 3600", minimum=30, maximum=3600)]
    """seconds between two looks into the repository"""
    signers: Annotated[
        Map[
            Name,
            Annotated[
                str,
                Scalar(
                    "the public key of SSH that a person signs commits with, such as ssh-ed25519 AAAA...",
                    pattern=rf"{_SSH_TYPE} [A-Za-z0-9+/]+={{0,2}}( [A-Za-z0-9@._+-]+)?",
                ),
            ],
        ],
        Wanted("public keys of SSH by the name of who signs with them, such as {ann: ssh-ed25519 AAAA...}"),
    ] = NOTHING
    """who may sign: public keys of SSH, by name. With one, a commit that none of them has signed is not installed"""
