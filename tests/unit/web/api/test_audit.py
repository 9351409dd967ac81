"""The audit by the API: as `audit list`, `export` and `verify` at the command line; and only for who may read it."""

import asyncio
import contextlib
import json
import sqlite3

import pytest
from aiohttp import ClientError

from gateway.store import TokenRefusal
from gateway.web.api import stream
from gateway.web.api.limit import LONG_READS
from tests.installation import handle
from tests.unit.web.api.watching import watching

AUDIT, EXPORT, VERIFY = "/api/v1/audit", "/api/v1/audit/export", "/api/v1/audit/verify"


async def test_rows_come_in_pages_the_newest_first_as_the_command_line_lists_them(installed):
    async with watching(installed) as at:
        for name in ("one", "two", "three"):
            await at.token(name)
        rows, path = [], f"{AUDIT}?limit=2"
        while path:
            page = await at.ask("GET", path)
            assert page.status == 200
            assert len(page.json["items"]) <= 2
            rows += page.json["items"]
            path = page.json["next"]
        listed = (await at.ok("audit", "list", "--json")).json
    assert [row["seq"] for row in rows] == [row["seq"] for row in listed]
    for row, line in zip(rows, listed, strict=True):
        assert {name: row[name] for name in row if name not in {"at", "owner"}} == {
            name: line[name] for name in line if name != "at"
        }


async def test_the_filters_are_those_of_the_command_line(installed):
    async with watching(installed) as at:
        token = await at.token()
        await at.ok("token", "revoke", handle(token))
        now = at.at.front.desk.now()
        refusal = TokenRefusal(
            token_id=handle(token)[4:],
            reason="revoked",
            count=1,
            first_at=now,
            last_at=now,
            last_address="",
            host="app.example.org",
            route="read",
        )
        await at.at.front.desk.store.record_refusals([refusal], [])
        for query in ("reason=revoked", "route=read"):
            (row,) = (await at.ask("GET", f"{AUDIT}?{query}")).json["items"]
            assert row["action"] == "token_refused"
        for words, query in (
            (("--token", handle(token)), f"token={handle(token)}"),
            (("--user", "alice"), "user=alice"),
            (("--user", "alice", "--action", "token_revoked"), "user=alice&action=token_revoked"),
            (("--actor", "bob"), "actor=bob"),
            (("--since", "1h"), "since=1h"),
            (("--until", "2020-01-01"), "until=2020-01-01"),
            (("--reason", "revoked"), "reason=revoked"),
            (("--route", "read"), "route=read"),
            (
                ("--since", "2020-01-01T00:00:00Z", "--address", "192.0.2.7"),
                "since=2020-01-01T00:00:00Z&address=192.0.2.7",
            ),
        ):
            found = await at.ask("GET", f"{AUDIT}?{query}")
            listed = (await at.ok("audit", "list", "--json", *words)).json
            assert [row["seq"] for row in found.json["items"]] == [row["seq"] for row in listed], words
        by_bob = (await at.ask("GET", f"{AUDIT}?actor=bob")).json["items"]
        assert {(row["owner"]["kind"], row["owner"]["login"]) for row in by_bob} == {("user", "bob")}


@pytest.mark.parametrize(
    ("query", "status", "code", "parameter"),
    [
        ("since=soon", 400, "bad_query", "since"),
        ("until=2026-13-01", 400, "bad_query", "until"),
        ("since=999999d", 400, "bad_query", "since"),
        ("user=a&app=b", 400, "bad_query", "user"),
        ("action=a%00b", 400, "bad_query", "action"),
        ("who=bob", 400, "bad_query", "who"),
        ("limit=201", 400, "bad_query", "limit"),
        ("cursor=x", 400, "bad_cursor", "cursor"),
        ("token=x", 422, "bad_value", "token"),
        ("token=tgp_00000000000", 404, "not_found", "token"),
        ("user=nobody", 404, "not_found", None),
    ],
)
async def test_a_filter_that_is_none_is_refused_by_its_name(installed, query, status, code, parameter):
    async with watching(installed) as at:
        found = await at.ask("GET", f"{AUDIT}?{query}")
    assert (found.status, found.code) == (status, code)
    assert [error["parameter"] for error in found.json.get("errors", [])][:1] == ([parameter] if parameter else [])


@pytest.mark.parametrize(("method", "path"), [("GET", AUDIT), ("GET", EXPORT), ("POST", VERIFY)])
async def test_without_the_permission_nothing_of_it_is_told(installed, method, path):
    async with watching(installed) as at:
        more = {"json": {}} if method == "POST" else {}
        for who, status, code in (("eve", 403, "permission"), ("nobody", 401, "no_credential")):
            found = await at.ask(method, path, who=who, **more)
            assert (found.status, found.code) == (status, code)


async def test_an_export_is_the_one_of_the_command_line_and_holds_against_it(installed):
    async with watching(installed) as at:
        for number in range(3):
            await at.token(f"t{number}")
        exported = await at.ask("GET", EXPORT)
        assert (exported.status, exported.headers["Content-Type"]) == (200, "application/jsonl")
        assert exported.headers["Cache-Control"] == "no-store"
        assert exported.raw.decode() == (await at.ok("audit", "export")).out
        file = installed.folder / "audit.jsonl"
        file.write_bytes(exported.raw)
        (await at.ok("audit", "verify", "--against", str(file)))
        none = await at.ask("GET", f"{EXPORT}?until=2020-01-01")
        assert [list(json.loads(line)) for line in none.raw.splitlines()] == [["head"]]
        head = await at.ask("HEAD", EXPORT)
        assert (head.status, head.raw) == (200, b"")
        assert (await at.ask("GET", EXPORT)).status == 200  # HEAD has given back what it held


async def test_an_export_that_fails_on_its_way_is_seen_to_be_cut_off(installed, monkeypatch):
    async with watching(installed) as at:
        real = at.at.front.desk.store.audit_rows

        async def rows(**more):
            async for sealed in real(**more):
                yield sealed
                raise RuntimeError("CANARY")

        monkeypatch.setattr(type(at.at.front.desk.store), "audit_rows", lambda _, **more: rows(**more))
        monkeypatch.setattr(stream, "CHUNK_BYTES", 1)
        for _ in range(LONG_READS + 1):
            with pytest.raises(ClientError):
                await at.ask("GET", EXPORT)
        monkeypatch.undo()
        assert (await at.ask("GET", EXPORT)).status == 200


async def test_only_so_many_read_all_of_it_at_once(installed):
    async with watching(installed) as at:
        ends = [at.at.limit.begin_long_read() for _ in range(LONG_READS)]
        for method, path, more in (("GET", EXPORT, {}), ("POST", VERIFY, {"json": {}})):
            full = await at.ask(method, path, **more)
            assert (full.status, full.code, full.headers["Retry-After"]) == (503, "busy", "3")
        assert (await at.ask("GET", AUDIT)).status == 200
        for end in ends:
            end()
        found = await asyncio.gather(*(at.ask("POST", VERIFY, json={}) for _ in range(LONG_READS)))
        assert {one.status for one in found} == {200}


async def test_verifying_says_what_holds_and_what_was_altered_or_cut_off(installed):
    async with watching(installed) as at:
        await at.token()
        held = (await at.ask("POST", VERIFY, json={})).json
        assert (held["holds"], held["fault"], held["rows"]) == (True, None, held["head"]["seq"])
        assert held == (await at.ok("audit", "verify", "--json")).json
        head = {"seq": held["head"]["seq"], "mac": held["head"]["mac"][:16]}
        assert (await at.ask("POST", VERIFY, json={"head": head})).json["holds"] is True
        later = await at.ask("POST", VERIFY, json={"head": head | {"seq": head["seq"] + 1}})
        assert (later.json["holds"], later.json["fault"]["seq"]) == (False, head["seq"] + 1)
        other = await at.ask("POST", VERIFY, json={"head": head | {"mac": "0" * 16}})
        assert other.json["fault"]["seq"] == head["seq"]
        for wrong in ({"seq": -1, "mac": "0" * 16}, {"seq": 1, "mac": "x"}, {"seq": 2**63, "mac": "0" * 64}):
            refused = await at.ask("POST", VERIFY, json={"head": wrong})
            assert (refused.status, refused.code) == (422, "invalid_fields")
        with contextlib.closing(sqlite3.connect(installed.database, timeout=10)) as connection, connection:
            connection.execute("UPDATE audit SET address = '198.51.100.1' WHERE seq = 2")
        broken = (await at.ask("POST", VERIFY, json={})).json
        assert (broken["holds"], broken["fault"]["seq"], broken["rows"]) == (False, 2, 1)
