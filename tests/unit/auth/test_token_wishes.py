"""What clients write is read as the value that it says, or refused; nothing of it is carried along."""

import pytest

from gateway.auth.refused import Refused
from gateway.auth.token_wishes import read_address


@pytest.mark.parametrize("text", ["fe80::1%eth0", "::1%\x1b[2J\r\n", "localhost", "192.0.2.7/32", ""])
def test_an_address_is_one_and_nothing_more(text):
    with pytest.raises(Refused) as caught:
        read_address(text)
    assert (caught.value.code, caught.value.field) == ("bad_value", "address")
    assert text not in caught.value.message or not text


def test_a_mapped_address_is_read_as_the_one_that_it_means():
    assert str(read_address("::ffff:192.0.2.7")) == "192.0.2.7"
