"""The page for a refused browser: whole in itself, says what happened and whom to ask, and nothing to a stranger."""

import re
from base64 import b64encode
from hashlib import sha256
from html import unescape

import pytest

from gateway.core.reason import OUTSIDE
from gateway.web.check.refusal import HEADERS, page

GENERAL = "You may not come here"
CODES = sorted({(one.status, code) for one in OUTSIDE.values() for code in one[:2]} - {(200, "allowed")})
EACH = pytest.mark.parametrize(("status", "code"), CODES, ids=[code for _, code in CODES])


@EACH
def test_every_code_has_words_of_its_own_and_a_page_that_is_whole(status, code):
    text = page(status, code, "help desk, phone 1234").decode("utf-8")
    (headline,) = re.findall(r"<h1>(.+?)</h1>", text)
    assert (headline == GENERAL) == (code == "forbidden")
    assert f"<title>{headline}</title>" in text
    assert f"{status} · {code}" in text
    assert "help desk, phone 1234" in text
    assert not re.search(r"<script|<link|<img|<form|<a |href|src=|url\(|@import|\sstyle=|\son\w+=|https?:", text)
    assert len(text.encode()) < 3_000


@EACH
def test_the_csp_lets_in_this_style_and_nothing_else(status, code):
    (style,) = re.findall(r"<style>(.+?)</style>", page(status, code, "").decode("utf-8"))
    policy = dict(HEADERS)[b"Content-Security-Policy"].decode("ascii")
    hash_ = b64encode(sha256(style.encode()).digest()).decode("ascii")
    assert policy == f"default-src 'none'; style-src 'sha256-{hash_}'; frame-ancestors 'none'"


def test_the_contact_is_text_whatever_it_holds():
    odd = '<script>alert("x")</script> & co'
    text = page(403, "forbidden", odd).decode("utf-8")
    assert "<script" not in text
    assert odd in unescape(text)


def test_without_a_contact_it_still_says_whom_to_ask():
    assert "Whoever runs this application." in page(403, "forbidden", "").decode("utf-8")


@EACH
def test_the_portal_is_named_where_a_token_may_help_and_nothing_else_is_linked(status, code):
    text = page(status, code, "help desk", "https://gateway.example.org").decode("utf-8")
    links = re.findall(r'href="([^"]*)"', text)
    helps = code in {"no_credential", "invalid_token", "insufficient_scope", "host", "network"} or status == 401
    helps = helps and code != "owner_disabled"
    assert links == (["https://gateway.example.org/"] if helps else [])
    assert "gateway.example.org" not in page(status, code, "help desk").decode("utf-8")
    assert len(text.encode()) < 3_500


def test_the_portals_address_is_written_as_text():
    assert b'href="https://x&quot;&lt;/"' in page(401, "no_credential", "", 'https://x"<')
