"""What somebody asks: a size, and how the devices behave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class WrongWish(ValueError):
    """No cluster can be counted for it; the text says why."""


@dataclass(frozen=True)
class Wish:
    """`rate` is messages a second of all devices together, `retention` minutes of Kafka's log; None: as it is.

    `tls`: devices have port 8883 alone. `lose`: so many brokers may be lost at once, and every device still gets in.
    """

    devices: int
    tls: bool = False
    rate: int | None = None
    retention: int | None = None
    lose: int = 0

    def parameters(self) -> dict[str, Any]:
        """The same in the inventory's keys, but for `lose`, which takes a cluster to be counted. Raises WrongWish."""
        scale: dict[str, Any] = {"devices": self.devices}
        if self.rate is not None:
            if self.rate > self.devices:
                raise WrongWish(
                    f"{self.rate:,} messages a second of {self.devices:,} devices are more than one a second of each, "
                    "and scale.message.interval is in whole seconds"
                )
            scale["message"] = {"interval": self.devices // self.rate}
        if self.retention is not None:
            scale["kafka"] = {"retention": self.retention}
        return {"scale": scale, **({"insecure_mqtt": False} if self.tls else {})}
