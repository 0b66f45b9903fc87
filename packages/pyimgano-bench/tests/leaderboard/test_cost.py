from pyimgano_bench.cost._contract import CostProtocol, CostResults, CostRow, Spread
from pyimgano_bench.leaderboard._cost import price_of

PROTOCOL = CostProtocol(rounds=1, images=1, batch=1, threads=1)


def latency(detector, category, seconds, dataset="d"):
    spread = None if seconds is None else Spread(median=seconds, low=seconds, high=seconds, count=1)
    return CostRow(dataset=dataset, category=category, detector=detector, seed=0, latency_p50_seconds=spread)


def cost_of(*rows):
    return CostResults(timestamp_utc="", pyimgano_version="0", is_complete=True, protocol=PROTOCOL, rows=rows)


def test_without_a_measurement_a_fit_is_the_cost(make_cell, make_results):
    results = make_results(make_cell("a", 0.9, fit=3.0), make_cell("b", 0.8, fit=None))
    price = price_of(results.means, None)
    assert ("s", {"a": 3.0}) == (price.unit, price.of)


def test_a_latency_is_the_median_over_the_categories_that_are_averaged(make_cell, make_results):
    results = make_results(*(make_cell("a", 0.9, name) for name in "xyz"), make_cell("a", None, "w"))
    rows = [latency("a", name, seconds) for name, seconds in zip("xyzw", (0.1, 0.3, 0.2, 9.0), strict=True)]
    price = price_of(results.means, cost_of(*rows, latency("a", "x", 7.0, dataset="e")))
    assert ("ms", {"a": 200.0}) == (price.unit, price.of)


def test_latencies_that_some_contenders_lack_are_not_mixed_with_fits(make_cell, make_results):
    results = make_results(make_cell("a", 0.9, fit=3.0), make_cell("b", 0.8, fit=4.0))
    price = price_of(results.means, cost_of(latency("a", "x", 0.1), latency("b", "x", None)))
    assert ("s", {"a": 3.0, "b": 4.0}) == (price.unit, price.of)
