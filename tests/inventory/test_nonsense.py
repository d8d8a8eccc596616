"""Whatever stands under a key: a cluster, or words about it. Never a traceback."""

import pickle
import random

import pytest

from components.cluster import Cluster, InvalidInventory, load
from components.inventory.origin import Origin

_CASES = 40
_NONSENSE = (None, "", "x", "brokers", "bridges", "kafka_log", 0, 1, -1, 10**9, 1.5, True, [], ["x"], {}, {"x": 1})
_DELETED = object()


@pytest.fixture(scope="session")
def parameters(guide):
    return dict(guide.tree.parameters)


@pytest.mark.parametrize("seed", range(4))
def test_never_a_traceback(parameters, request, seed):
    numbers = random.Random(seed)
    paths = list(_paths(parameters))
    origin = Origin([request.config.rootpath / "inventory" / "targets" / "dojot-100k.yml"], request.config.rootpath)
    for _ in range(_CASES // 4):
        path, value = numbers.choice(paths), numbers.choice((*_NONSENSE, _DELETED))
        try:
            end = load(_with(parameters, path, value), origin)
        except InvalidInventory as refusal:
            assert refusal.lines and all(line.startswith("inventory/") for line in refusal.lines)
        except Exception as error:
            pytest.fail(f"{path} = {value!r}: {error!r}")
        else:
            assert isinstance(end, Cluster)


def _paths(node, path=()):
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in entries:
        yield (*path, key)
        yield from _paths(value, (*path, key))


def _with(parameters, path, value):
    copy = pickle.loads(pickle.dumps(parameters))
    holder = copy
    for key in path[:-1]:
        holder = holder[key]
    if value is _DELETED:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return copy
