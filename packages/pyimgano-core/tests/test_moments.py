from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyimgano_core.moments import read_moment


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_iso_text_of_any_moment_is_its_seconds(moment):
    assert moment.timestamp() == read_moment(moment.isoformat())


@pytest.mark.parametrize(
    "text", ["2026-11-23T05:00:00Z", "2026-11-23T05:00:00", " 20261123T060000+01:00 ", "20261123050000"]
)
def test_a_zone_counts_and_none_is_utc(text):
    assert datetime(2026, 11, 23, 5, tzinfo=timezone(timedelta())).timestamp() == read_moment(text)


@pytest.mark.parametrize(
    ("number", "expected"), [(0, 0.0), (-3, -3.0), (1.5, 1.5), (1763870400123, 1763870400123.0)]
)
def test_a_number_is_taken_as_it_is(number, expected):
    assert expected == read_moment(number)


@pytest.mark.parametrize("value", [None, True, "", "yesterday", "1763870400", [1], {}, float("nan"), 10**400])
def test_all_else_is_no_moment(value):
    assert read_moment(value) is None
