"""What the load sends, and the installation that knows it."""

from itertools import islice

import pytest

from bench import heads
from bench.installation import BRAND, install, unknown_token, wrong_secret
from gateway.config import load
from gateway.core.token import parse

TOKEN = unknown_token()


def test_no_two_of_the_distinct_heads_are_alike():
    sent = list(islice(heads.distinct([TOKEN, unknown_token()]), 1_000))
    assert len(set(sent)) == 1_000
    assert sum(TOKEN.encode() in head for head in sent) == 500


@pytest.mark.parametrize("way", ["open", "apr1", "bcrypt", "gateway", "unix", "floor"])
def test_a_request_carries_what_its_way_asks_for(way):
    sent = next(heads.request(heads.authorization(way, TOKEN)))
    credential = {"open": None, "apr1": b"Basic ", "bcrypt": b"Basic "}.get(way, f"Bearer {TOKEN}".encode())
    assert sent.endswith(b"\r\n\r\n")
    assert (b"Authorization: " + credential in sent) if credential else (b"Authorization" not in sent)


def test_client_addresses_do_not_come_again_soon():
    assert len(set(islice(heads.addresses(), 70_000))) == 70_000


def test_prepared_heads_come_again_from_the_first():
    assert list(islice(heads.prepared(iter([b"a", b"b"])), 5)) == [b"a", b"b", b"a", b"b", b"a"]


def test_wrong_tokens_are_spelled_right():
    right = parse(TOKEN.encode(), brand=BRAND)
    wrong = parse(wrong_secret(TOKEN).encode(), brand=BRAND)
    assert wrong.id == right.id
    assert wrong.secret != right.secret


def test_an_installation_has_its_tokens_and_a_configuration_that_is_valid(tmp_path):
    made = install(tmp_path / "made", 3)
    made.configure(check=1, portal=2, ops=3, routes=12)
    assert len({parse(token.encode(), brand=BRAND).id for token in made.tokens}) == 3
    settings = load(made.copied(tmp_path / "copy").config, {})
    assert len(settings.routes) == 12
