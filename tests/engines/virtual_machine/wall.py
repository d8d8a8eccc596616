"""Is there a wall: do the last connects take longer than those before?"""

from __future__ import annotations

from statistics import median
from typing import Any

#: A ramp is made in this many parts, and the last LAST of them (a twentieth) are what is judged.
PARTS, LAST = 100, 5
#: How much slower than the parts before they may be.
TOLERANCE = 0.2


class Ramp:
    """The parts of a ramp, in order.

    Medians of parts, so that a machine that is busy with something else for a moment does not
    decide. HAProxy's own system time tells the same without the clock: the search for a source
    port happens in its connect().
    """

    def __init__(self) -> None:
        self._rates: list[float] = []
        self._system: list[float] = []

    def add(self, answer: dict[str, Any], system: float) -> None:
        """A part: what load.py's `ramp` answered, and HAProxy's system time for each connect, in seconds."""
        self._rates.append(answer["per_second"])
        self._system.append(1e6 * system)

    def figures(self) -> dict[str, float]:
        return {
            "connects a second, before the last twentieth": median(self._rates[:-LAST]),
            "connects a second, last twentieth": median(self._rates[-LAST:]),
            "HAProxy's system time a connect before, µs": median(self._system[:-LAST]),
            "HAProxy's system time a connect, last twentieth, µs": median(self._system[-LAST:]),
        }

    def check(self) -> None:
        """An assertion fails where the last twentieth is slower than TOLERANCE allows."""
        assert len(self._rates) == PARTS
        before, last, system, system_last = self.figures().values()
        assert last >= (1 - TOLERANCE) * before, (
            f"the last connects are slower: {last:.0f}/s, {before:.0f}/s before "
            f"({system_last:.0f} µs of HAProxy's system time each, {system:.0f} before)"
        )
