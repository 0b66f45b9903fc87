import pytest

from pyimgano_core.engine import LocalEngine, RayEngine, choose_engine
from pyimgano_core.errors import UsageError


def test_the_local_engine_takes_workers_alone():
    assert LocalEngine(workers=3) == choose_engine("local", workers=3, address=None)
    with pytest.raises(UsageError, match="--engine ray"):
        choose_engine("local", workers=None, address="auto")


@pytest.mark.parametrize("address", ["auto", "127.0.0.1:6379", "head.cluster:6379", "[::1]:6379"])
def test_a_cluster_is_named(address):
    assert RayEngine(address=address, workers=2) == choose_engine("ray", workers=2, address=address)


@pytest.mark.parametrize(
    "address", [None, "", "local", "127.0.0.1", "ray://head:10001", "head:port", "auto\n"]
)
def test_what_names_no_running_cluster_is_refused_in_one_line(address):
    with pytest.raises(UsageError, match="HOST:PORT") as refused:
        choose_engine("ray", workers=None, address=address)
    assert 1 == len(str(refused.value).splitlines())
