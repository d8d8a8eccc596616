"""Is there a wall: do the last connects take longer than those before?"""

from __future__ import annotations

from statistics import mean, median
from typing import Any

#: A ramp is made in this many parts, and the last LAST of them (a twentieth) are what is judged.
PARTS, LAST = 60, 3
#: How much slower than the parts before they may be.
TOLERANCE = 0.2


class Ramp:
    """The parts of a ramp, in order; judged by medians of their rates.

    Other work on this machine slows an emulated one down, and stretches every second of processor
    time in it by as much. HAProxy's user time for a connect does not depend on source ports: the
    kernel searches them, in connect(). So user time tells how fast the machine was, and the rate in
    connects per second *of that machine* tells what the ports cost.
    """

    def __init__(self) -> None:
        self._rates: list[float] = []
        self._user: list[float] = []
        self._system: list[float] = []

    def add(self, answer: dict[str, Any], user: float, system: float) -> None:
        """A part: what load.py's `ramp` answered, and HAProxy's processor time for each connect, in seconds."""
        self._rates.append(answer["per_second"])
        self._user.append(user)
        self._system.append(system)

    def figures(self) -> dict[str, float]:
        """Of the parts before, and of the last twentieth."""
        found: dict[str, float] = {}
        for when, part in (("before", slice(None, -LAST)), ("last twentieth", slice(-LAST, None))):
            rate = median(self._rates[part])
            # Means: one part has few ticks of the clock that processor time is counted with.
            user, system = mean(self._user[part]), mean(self._system[part])
            found[f"connects a second, {when}"] = rate
            found[f"connects a second, less the machine's own pace, {when}"] = rate * user / mean(self._user)
            found[f"HAProxy's system time a connect, µs, {when}"] = 1e6 * system
        return found

    def check(self) -> None:
        """An assertion fails where the last twentieth is slower, and the machine is not to blame."""
        assert len(self._rates) == PARTS
        before, even, system, last, even_last, system_last = self.figures().values()
        assert last >= (1 - TOLERANCE) * before or even_last >= (1 - TOLERANCE) * even, (
            f"the last connects are slower: {last:.0f}/s, {before:.0f}/s before ({even_last:.0f} and {even:.0f} less "
            f"the machine's own pace; {system_last:.0f} µs of HAProxy's system time each, {system:.0f} before)"
        )
