"""`token-gateway audit`: what the operator types, and what comes of it."""

import json
import sqlite3
import stat
from contextlib import closing

import pytest

from gateway.cli.times import past
from tests.installation import handle


@pytest.fixture
def token(installed):
    """A token of alice, made and revoked."""
    made = installed.token()
    installed.ok("token", "revoke", handle(made))
    return made


def test_the_list_says_who_did_what_to_which_token_newest_first(installed, token):
    head, newest, *_ = installed.ok("audit", "list").out.splitlines()
    assert head.split() == ["number", "when", "who", "from", "what", "to", "what", "more"]
    for words in ("3 ", "cli:", "token_revoked", f"token {handle(token).removeprefix('tgp_')} (ci)"):
        assert words in newest
    listed = installed.ok("audit", "list", "--json").json
    assert [row["seq"] for row in listed] == [3, 2, 1]
    assert listed[1]["detail"]["scopes"] == ["rest"]


def test_filters_narrow_the_list_and_the_rest_is_a_page_away(installed, token):
    def seqs(*words):
        return [row["seq"] for row in installed.ok("audit", "list", "--json", *words).json]

    assert seqs("--token", handle(token)) == [3, 2]
    assert seqs("--action", "user_created", "--user", "alice", "--since", "1d") == [1]
    assert seqs("--until", "1d") == seqs("--actor", "gateway") == seqs("--address", "192.0.2.7") == []
    first = installed.ok("audit", "list", "--limit", "2", "--json")
    assert [row["seq"] for row in first.json] == [3, 2]
    assert "--below 2" in first.err
    assert seqs("--below", "2") == [1]
    assert installed.ok("audit", "list", "--actor", "gateway").err == "No such rows.\n"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--user", "nobody"), 3, "no user nobody"),
        (("--app", "alice"), 3, "no application alice"),
        (("--user", "alice", "--app", "x"), 2, "name one owner"),
        (("--token", "tgp_00000000000"), 3, "tgp_00000000000"),
        (("--since", "yesterday"), 2, "--since is not a time"),
        (("--since", "999999d"), 2, "--since is not a time"),
        (("--until", "9999-12-31"), 2, "--until is not a time"),
        (("--limit", "0"), 2, "greater than or equal to 1"),
        (("--below", "0"), 2, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_listed_is_one_line(installed, words, code, says):
    ran = installed.run("audit", "list", *words)
    assert ran.code == code
    assert says in ran.err


def test_an_export_goes_to_stdout_or_to_a_new_file_that_only_its_owner_reads(installed, token):
    lines = installed.ok("audit", "export").out.splitlines()
    assert [json.loads(line).get("seq") for line in lines] == [1, 2, 3, None]
    file = installed.folder / "audit.jsonl"
    said = installed.ok("audit", "export", "--output", str(file), "--json")
    assert (said.json["rows"], said.json["head"]["seq"]) == (3, 3)
    assert file.read_text().splitlines() == lines
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    ran = installed.run("audit", "export", "--output", str(file))
    assert (ran.code, ran.err) == (2, f"token-gateway: {file} is there already; choose another name\n")


def test_an_export_that_fails_leaves_no_file(installed):
    file = installed.folder / "audit.jsonl"
    installed.database.unlink()
    assert installed.run("audit", "export", "--output", str(file)).code == 2
    assert not file.exists()


def test_verify_says_how_much_holds_and_that_the_export_is_in_it(installed, token):
    file = installed.folder / "audit.jsonl"
    installed.ok("audit", "export", "--output", str(file))
    installed.ok("app", "add", "later")
    told = installed.ok("audit", "verify", "--against", str(file)).out
    assert told.startswith("4 rows hold, 1 to 4; the head is 4 ")
    assert f"{file} is in it" in told
    document = installed.ok("audit", "verify", "--json").json
    assert (document["holds"], document["rows"], document["fault"]) == (True, 4, None)


def test_verify_names_the_first_row_that_does_not_hold_and_exits_with_1(installed, token):
    with closing(sqlite3.connect(installed.database, isolation_level=None)) as connection:
        connection.execute("UPDATE audit SET actor = 'cli:eve' WHERE seq = 2")
    ran = installed.run("audit", "verify")
    assert (ran.code, ran.out) == (1, "row 2: the row, or one before it, was altered\n")
    ran = installed.run("audit", "verify", "--json")
    assert (ran.code, ran.json["holds"], ran.json["fault"]["seq"]) == (1, False, 2)


def test_verify_against_what_is_not_there_or_no_export_is_one_line(installed):
    assert installed.run("audit", "verify", "--against", str(installed.folder / "none")).code == 2
    ran = installed.run("audit", "verify", "--against", str(installed.config))
    assert (ran.code, "no line of an export" in ran.err) == (2, True)


def test_prune_asks_and_leaves_what_verifies(installed, token):
    ran = installed.run("audit", "prune", "--before", "0s")
    assert (ran.code, "add --yes" in ran.err) == (2, True)
    said = installed.ok("audit", "prune", "--before", "0s", "--yes", "--json").json
    assert (said["removed"], said["left"]) == (3, 1)
    assert installed.ok("audit", "verify").out.startswith("1 row holds, 4 to 4;")
    (row,) = installed.ok("audit", "list", "--json").json
    assert (row["action"], row["detail"]["last_seq"]) == ("audit_pruned", 3)


@pytest.mark.parametrize(
    ("text", "to_its_end", "is_at"),
    [
        ("2026-11-01", False, "2026-11-01T00:00:00+00:00"),
        ("2026-11-01", True, "2026-11-02T00:00:00+00:00"),
        ("2026-11-01T12:00:00+02:00", True, "2026-11-01T10:00:00+00:00"),
    ],
)
def test_a_day_begins_at_its_beginning_and_ends_at_its_end(text, to_its_end, is_at):
    assert past(text, "--since", to_its_end=to_its_end).isoformat() == is_at
