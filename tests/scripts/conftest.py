from pathlib import Path

import pytest

from scripts import in_process

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def root(monkeypatch) -> Path:
    """The repository as current folder, and no memory of this test in Kapitan afterwards."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(in_process.cached, "args", in_process.cached.args)
    yield ROOT
    in_process.forget()
