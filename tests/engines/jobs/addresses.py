"""Addresses of this machine on which servers keep the ports that they have in the cluster."""

from __future__ import annotations

import random
import socket


def own_address(port: int) -> str:
    """A loopback address on which nobody uses `port`, so that it need not be changed."""
    for _ in range(100):
        address = f"127.{random.randint(64, 254)}.{random.randint(1, 254)}.{random.randint(1, 254)}"
        with socket.socket() as probe:
            try:
                probe.bind((address, port))
            except OSError:
                continue
            return address
    raise OSError(f"port {port} is taken on every loopback address that was tried")
