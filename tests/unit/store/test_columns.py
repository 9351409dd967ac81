"""How values lie in a row: exactly, and back."""

from datetime import UTC, datetime, timedelta, timezone
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import default

from gateway.core.network import Networks
from gateway.store.columns import NetworkList, from_microseconds, to_microseconds


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))])))
def test_an_instant_comes_back_to_the_microsecond(at):
    assert from_microseconds(to_microseconds(at)) == at
    assert from_microseconds(to_microseconds(at)).tzinfo is UTC


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_instants_order_as_their_numbers(one, other):
    assert (one < other) == (to_microseconds(one) < to_microseconds(other))


def test_a_naive_time_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        to_microseconds(datetime(2026, 1, 1))  # noqa: DTZ001  that is the point


def test_networks_that_would_be_read_back_as_others_are_not_stored():
    held = Networks((ip_network("2001:db8::%x 192.0.2.7/32"),))  # a zone may be any text
    with pytest.raises(ValueError, match="no zone"):
        NetworkList().process_bind_param(held, default.DefaultDialect())
