"""Sets of networks: which addresses they hold, and when one set lies inside another."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.network import Networks


@pytest.mark.parametrize(
    ("networks", "address", "held"),
    [
        pytest.param(["10.0.0.0/8"], "10.255.0.1", True, id="inside"),
        pytest.param(["10.0.0.0/8"], "11.0.0.0", False, id="just-above"),
        pytest.param(["10.0.0.0/8"], "9.255.255.255", False, id="just-below"),
        pytest.param(["192.0.2.7"], "192.0.2.7", True, id="a-single-address"),
        pytest.param(["192.0.2.7"], "192.0.2.8", False, id="beside-a-single-address"),
        pytest.param([], "192.0.2.7", False, id="the-empty-set"),
        pytest.param(["::/0"], "192.0.2.7", False, id="all-of-v6-holds-no-v4"),
        pytest.param(["0.0.0.0/0"], "::1", False, id="all-of-v4-holds-no-v6"),
        pytest.param(["0.0.0.0/0"], "::c000:207", False, id="the-same-number-in-the-other-version"),
        pytest.param(["2001:db8::/32", "10.0.0.0/8"], "2001:db8:ffff::1", True, id="mixed-versions"),
        pytest.param(["10.0.0.0/8", "10.1.0.0/16"], "10.200.0.1", True, id="a-smaller-one-hides-no-larger-one"),
        pytest.param(["::ffff:10.0.0.0/104"], "10.1.2.3", True, id="a-mapped-network-is-its-v4-network"),
    ],
)
def test_a_set_holds_the_addresses_of_its_networks(networks: list[str], address: str, held: bool) -> None:
    assert (ip_address(address) in Networks.of(networks)) is held


@pytest.mark.parametrize(
    "text",
    [
        *("10.0.0.1/8", "localhost", "", "10.0.0.0/33", "10.0.0.256", "*", " 10.0.0.0/8"),
        *("fe80::%eth0/64", "::1%\x1b[2J\r\n", "::ffff:10.0.0.0%x ::ffff:203.0.113.9 ::ffff:9.0.0.0/104"),
    ],
)
def test_what_is_not_a_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # ipaddress words it
        Networks.of([text])


def test_a_set_prints_in_the_order_given() -> None:
    assert str(Networks.of(["192.0.2.0/24", "10.0.0.0/8"])) == "192.0.2.0/24, 10.0.0.0/8"


def test_sets_are_equal_by_what_was_written() -> None:
    assert Networks.of(["10.0.0.0/8"]) == Networks.of(["10.0.0.0/8"])
    assert len({Networks.of(["10.0.0.0/8"]), Networks.of(["10.0.0.0/8"])}) == 1


def test_two_halves_cover_the_whole() -> None:
    assert Networks.of(["10.0.0.0/9", "10.128.0.0/9"]).covers(Networks.of(["10.0.0.0/8"]))
    assert not Networks.of(["10.0.0.0/9"]).covers(Networks.of(["10.0.0.0/8"]))


small_networks = st.lists(
    st.builds(
        lambda bits, prefix: str(ip_network((0x0A000000 | bits, prefix), strict=False)),
        st.integers(0, 15),
        st.integers(28, 32),
    ),
    max_size=4,
)


@given(small_networks, small_networks)
def test_covering_means_holding_every_address(outer: list[str], inner: list[str]) -> None:
    wide, narrow = Networks.of(outer), Networks.of(inner)
    addresses = [ip_address(0x0A000000 | bits) for bits in range(16)]
    assert all((address in wide) == any(address in ip_network(text) for text in outer) for address in addresses)
    assert wide.covers(narrow) == all(address in wide for address in addresses if address in narrow)
