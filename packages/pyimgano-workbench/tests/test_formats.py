import pytest

from pyimgano_core.contracts.metric import Interval
from pyimgano_core.metrics import observed_rate
from pyimgano_workbench.formats import count_of, interval, number, percent, share, share_interval


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.01, "1 %"), (0.001, "0.1 %"), (1 / 42, "2.38 %"), (0.95, "95 %"), (1.0, "100 %")],
)
def test_a_share_keeps_three_digits(value, expected):
    assert expected == percent(value)


def test_what_is_undefined_is_a_dash():
    nothing = observed_rate(0, 0)
    undefined = Interval(level=0.95, reason="too_few_images")
    assert {"-"} == {
        number(None),
        interval(None),
        interval(undefined),
        share(nothing),
        share_interval(nothing.interval),
    }


def test_a_rate_is_told_by_count_share_and_interval():
    rate = observed_rate(0, 40)
    assert ("0 of 40", "0.0 %", "0.0 to 8.8 %") == (
        count_of(rate),
        share(rate),
        share_interval(rate.interval),
    )


def test_an_interval_has_the_digits_of_its_metric():
    assert "0.9710 to 1.0000" == interval(Interval(low=0.971, high=1.0, level=0.95))
