"""The audit: each row in words with its exact facts, every filter, its export, and the proof of its chain."""

import json
import re
import sqlite3
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from gateway.store import TokenRefusal, UnknownRefusals
from gateway.web.portal.audit_words import ACTIONS
from tests.unit.web.portal.overseeing import EVIL, links, of, overseeing


def told(page) -> list[str]:
    """What the rows of a page say, in their order."""
    return re.findall(r"<h3>([^<]+)</h3>", page.text.partition('id="rows"')[2])


async def refuse(at, token: str, **more) -> None:
    """Checks of a token and of unknown ones that were refused a minute ago."""
    now = at.at.front.desk.now()
    span = {"count": 3, "first_at": now - timedelta(minutes=1), "last_at": now}
    known = TokenRefusal(
        **{"token_id": token[4:15], "reason": "insufficient_scope", "host": "app.example.org", "route": "write"}
        | {"last_address": "192.0.2.44"}
        | span
        | more
    )
    unknown = UnknownRefusals(reasons={"unknown_token": 3}, networks=[("198.51.100.9", 3)], **span)
    await at.at.front.desk.store.record_refusals([known], [unknown])


async def test_each_row_is_told_in_words_with_its_exact_facts_foldable(installed):
    async with overseeing(installed) as at:
        token = of(await at.token("report"))
        await at.send(f"/tokens/{token}/revoke")
        await refuse(at, token, reason="revoked", route="read")
        page = await at.get("/audit")
    assert page.status == 200
    assert told(page)[:4] == [
        "Checks with what is no token of ours were refused",
        "The token “report” was refused: the token is revoked",
        "bob revoked the token “report”",
        "test, at the command line, made the token “report”",
    ]
    assert "3 times" in page.text
    assert "<dt>reason</dt>\n  <dd><code>revoked</code></dd>" in page.text
    assert "from 192.0.2.7" in page.text
    assert f"/tokens/{token[4:]}" in links(page, "/tokens/")


async def test_every_refusal_leads_to_explain_filled_in_with_its_facts(installed):
    async with overseeing(installed) as at:
        token = of(await at.token("report"))
        await refuse(at, token)
        unknown, known = links(await at.get("/audit"), "/explain?")
        assert parse_qs(urlsplit(unknown).query) == {"address": ["198.51.100.9"]}
        assert parse_qs(urlsplit(known).query) == {
            "address": ["192.0.2.44"],
            "host": ["app.example.org"],
            "route": ["write"],
            "token": [token[4:]],
            "was": ["insufficient_scope"],
        }
        page = await at.get(known)
        assert "This request is refused: the token lacks a scope" in page.text
        assert 'value="https://app.example.org/api/any"' in page.text
        assert '<option value="POST" selected>' in page.text
        assert "decided otherwise" not in page.text
        assert (await at.get(unknown)).status == 200


async def test_explain_says_when_what_was_refused_then_would_be_decided_otherwise_now(installed):
    async with overseeing(installed) as at:
        await refuse(at, of(await at.token("report")), reason="stale_secret", route="read")
        (_, known) = links(await at.get("/audit"), "/explain?")
        page = await at.get(known)
        assert "This request passes" in page.text
        assert "Then it was refused, because the secret was replaced by a rotation." in page.text
        assert "nonsense" not in (await at.get(known.replace("stale_secret", "nonsense"))).text


NARROWED = {
    "action=token_created": 2,
    "action=token_refused": 1,
    "reason=insufficient_scope": 1,
    "reason=unknown_token": 1,
    "reason=revoked": 0,
    "route=write": 1,
    "route=wri": 0,
    "owner=eve&action=token_created": 1,
    "address=192.0.2.44": 1,
    "actor=cli:test&action=token_created": 2,
    "actor=gateway&route=write": 1,
    "since=1h&action=token_created": 2,
    "until=1h": 0,
    "since=2020-01-01&until=2020-01-01": 0,
}
ODD = {"token=tgp_AAAAAAAAAAA": 404, "owner=nobody": 404, "since=soon": 422, "token=x": 422}


async def test_the_filters_narrow_the_list_and_one_that_is_none_says_so(installed):
    async with overseeing(installed) as at:
        token = await at.token("report")
        await at.token("other", "eve")
        await refuse(at, token)
        for query, count in NARROWED.items():
            page = await at.get(f"/audit?{query}")
            assert (query, page.status, len(told(page))) == (query, 200, count)
        for query, status in ODD.items():
            page = await at.get(f"/audit?{query}")
            assert (query, page.status, told(page)) == (query, status, [])
            assert 'id="faults"' in page.text


async def test_the_rows_of_one_token_are_found_by_its_handle_and_a_whole_one_is_not_repeated(installed):
    async with overseeing(installed) as at:
        whole = await at.token("report")
        await at.token("other")
        assert len(told(await at.get(f"/audit?token={of(whole)}"))) == 1
        secret = await at.get(f"/audit?token={whole}&action=token_created")
        assert secret.status == 422
        assert "whole token" in secret.text
        assert whole[-30:] not in secret.text


async def test_a_long_audit_comes_in_pages_without_a_gap(installed, monkeypatch):
    monkeypatch.setattr("gateway.web.portal.pages.audit.SHOWN", 2)
    async with overseeing(installed) as at:
        for number in range(5):
            await at.token(f"t{number}")
        path, found = "/audit?action=token_created", []
        while path:
            page = await at.get(path)
            found.append([text.rpartition(" ")[2].strip("“”") for text in told(page)])
            path = next((one for one in links(page, "/audit?") if "below=" in one), "")
        assert found == [["t4", "t3"], ["t2", "t1"], ["t0"]]
        assert (await at.get("/audit?below=x")).status == 200


async def test_the_export_is_a_plain_link_that_the_session_opens_with_the_times_of_the_filter(installed):
    async with overseeing(installed) as at:
        await at.token("report")
        (path,) = links(await at.get("/audit?since=1d&action=token_created"), "/api/v1/audit/export")
        assert path == "/api/v1/audit/export?since=1d"
        plain = {"Origin": None, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
        answer = await at.at.ask("GET", path, cookie=at.cookies["bob"], headers=plain)
        assert answer.status == 200
        *rows, head = [json.loads(line) for line in answer.raw.splitlines()]
        assert {row["action"] for row in rows} >= {"token_created", "signed_in"}
        assert head["head"]["seq"] == rows[-1]["seq"]
        assert (await at.at.ask("GET", path, cookie=at.cookies["eve"], headers=plain)).status == 403


async def test_the_chain_is_verified_by_a_button_and_a_changed_row_is_found(installed):
    async with overseeing(installed) as at:
        await at.token("report")
        assert "Verify now" in (await at.get("/audit/verify")).text
        good = await at.send("/audit/verify")
        assert good.status == 200
        assert "rows are as they were written" in good.text
        with sqlite3.connect(installed.database) as database:
            database.execute("UPDATE audit SET actor = 'cli:nobody' WHERE seq = 3")
        bad = await at.send("/audit/verify")
        assert "It does not hold." in bad.text
        assert "Row 3: the row, or one before it, was altered" in bad.text


async def test_who_may_not_read_it_sees_no_page_of_it(installed):
    async with overseeing(installed) as at:
        assert [(await at.get(path, who="eve")).status for path in ("/audit", "/audit/verify")] == [403, 403]
        assert (await at.send("/audit/verify", who="eve")).status == 403
        assert not links(await at.get("/", who="eve"), "/audit")


async def test_names_are_shown_as_text(installed):
    async with overseeing(installed) as at:
        await at.token(EVIL)
        page = await at.get("/audit?action=token_created&actor=%3Cscript%3Ealert(1)%3C/script%3E")
        assert EVIL in page.text
        assert EVIL.encode() not in page.raw
        assert EVIL.encode() not in (await at.get("/audit")).raw


def test_every_action_of_the_docs_has_words():
    text = (
        (Path(__file__).parents[4] / "docs/audit.md")
        .read_text("utf-8")
        .partition("## Every action")[2]
        .partition("## How do I")[0]
    )
    documented = {name for line in text.splitlines() for name in re.findall(r"`(\w+)`", line.split(" | ")[0])}
    assert set(ACTIONS) == documented - {"action"}
