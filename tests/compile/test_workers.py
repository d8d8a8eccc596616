"""Work that is shared: all of it, in its order, and no process is left, whatever ends it."""

import os
import signal
import time

import pytest

from components.compile.workers import WorkerDied, spread

NAMES = [f"n{number}" for number in range(30)]


@pytest.fixture(autouse=True)
def no_child_left():
    yield
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize("processes", [1, 2, 5, 50])
def test_in_the_order_of_the_names(processes):
    def work(name):
        # The first take the longest.
        time.sleep(0.02 if name < "n3" else 0)
        return name.upper()

    assert list(spread(work, NAMES, processes)) == [name.upper() for name in NAMES]
    assert list(spread(work, [], processes)) == []


def test_by_several_processes():
    assert len(set(spread(lambda _: (time.sleep(0.01), os.getpid())[1], NAMES, 3))) == 3


def test_large_results():
    assert [len(result) for result in spread(lambda name: name * 200_000, NAMES[:5], 2)] == [400_000] * 5


@pytest.mark.parametrize(
    ("way", "said"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "n7: ended by SIGKILL"),
        (lambda: os._exit(3), "n7: ended with exit code 3"),
        (lambda: 1 / 0, "n7: ended with exit code 1"),
    ],
)
def test_a_worker_that_dies(way, said):
    found = []
    with pytest.raises(WorkerDied, match=said):
        for result in spread(lambda name: way() if name == "n7" else name, NAMES, 2):
            found.append(result)
    assert found == NAMES[: len(found)] and len(found) <= 7


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_an_end_from_outside(error):
    with pytest.raises(error):
        for result in spread(lambda name: (time.sleep(0.01), name)[1], NAMES, 2):
            if result == "n5":
                raise error
