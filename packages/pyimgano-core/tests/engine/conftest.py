from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    """The functions of `shard_work` can be imported, by the processes of an engine as well."""
    monkeypatch.syspath_prepend(Path(__file__).parent)


@pytest.fixture
def work():
    import shard_work  # noqa: PLC0415 - importable from here on

    return shard_work
