"""R35: people move in from CSV, as spreadsheets write it; every bad line is told and stops none of the others."""

import csv
import time

import pytest

HEADER = "login,name,email,groups,organisations,enabled\n"


def imported(installation, text, *more, code=0):
    """Import the text; what the command said, as JSON."""
    file = installation.folder / "people.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = installation.run("import", "users", str(file), "--json", *more)
    assert done.code == code, done
    return {key: value for key, value in done.json.items() if not key.startswith("effective")}


def counts(created=0, updated=0, unchanged=0, refused=0, *, dry_run=False):
    return {
        "created": created,
        "updated": updated,
        "unchanged": unchanged,
        "refused": refused,
        "dry_run": dry_run,
    }


def user(installation, login):
    shown = installation.ok("user", "show", login, "--json").json
    return {key: shown[key] for key in ("name", "email", "groups", "organisations", "enabled")}


def test_a_user_gets_all_that_the_line_says(installation):
    text = HEADER + 'bob,"Bob, the Builder",bob@example.org,"staff, guests",acme other,false\n'
    assert imported(installation, text) == counts(created=1)
    assert user(installation, "bob") == {
        "name": "Bob, the Builder",
        "email": "bob@example.org",
        "groups": ["guests", "staff"],
        "organisations": ["acme", "other"],
        "enabled": False,
    }


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("login,name\nbob,Bob Ünïcode\n", id="comma"),
        pytest.param("\ufefflogin;name\r\nbob;Bob Ünïcode\r\n", id="excel"),
        pytest.param("sep=;\r\nlogin;name\r\nbob;Bob Ünïcode", id="excel-hint"),
        pytest.param("login\tname\nbob\tBob Ünïcode\n", id="tab"),
        pytest.param("\n".join(["LOGIN , Name", "", "bob, Bob Ünïcode "]), id="blanks"),
    ],
)
def test_every_spreadsheet_is_understood(installation, text):
    assert imported(installation, text) == counts(created=1)
    assert user(installation, "bob")["name"] == "Bob Ünïcode"


def test_the_same_file_a_second_time_changes_nothing(installation):
    text = HEADER + "bob,Bob,,staff,,\ncarol,Carol,,,,\n"
    assert imported(installation, text) == counts(created=2)
    before = installation.rows("SELECT feed_seq, audit_seq FROM meta")
    assert imported(installation, text) == counts(unchanged=2)
    assert imported(installation, text, "--update") == counts(unchanged=2)
    assert installation.rows("SELECT feed_seq, audit_seq FROM meta") == before


def test_update_changes_what_the_file_has_columns_for_and_nothing_else(installation):
    imported(installation, HEADER + "bob,Bob,bob@example.org,staff,acme,true\n")
    changed = "login,groups,enabled\nBOB,guests,no\n"
    assert imported(installation, changed) == counts(unchanged=1)
    assert imported(installation, changed, "--update") == counts(updated=1)
    assert user(installation, "bob") == {
        "name": "Bob",
        "email": "bob@example.org",
        "groups": ["guests"],
        "organisations": ["acme"],
        "enabled": False,
    }


def test_disabling_by_import_is_effective_when_the_command_returns(installation):
    imported(installation, HEADER + "bob,,,staff,,\n")
    file = installation.folder / "people.csv"
    file.write_text("login,enabled\nbob,false\n", "utf-8")
    done = installation.ok("import", "users", str(file), "--update", "--json").json
    assert done["effective_after_s"] >= 0.1


def test_a_dry_run_says_the_same_and_changes_nothing(installation):
    text = HEADER + "bob,Bob,,staff,,\nalice,Alice,,admins,,\nx y,,,,,\n"
    before = installation.rows("SELECT feed_seq, audit_seq FROM meta")
    assert imported(installation, text, "--update", "--dry-run", code=2) == counts(1, 1, 0, 1, dry_run=True)
    assert installation.rows("SELECT feed_seq, audit_seq FROM meta") == before
    assert imported(installation, text, "--update", code=2) == counts(1, 1, 0, 1)


BAD = {
    "a login with a blank": ("x y,,,,,", "login"),
    "no login": (",Bob,,,,", "login"),
    "a login of dots": ("..,,,,,", "login"),
    "an invisible character in the name": ("bob,Bo\u202eb,,,,", "name"),
    "a terminal sequence in the name": ("bob,\x1b[31mBob,,,,", "name"),
    "a NUL byte": ("bob,Bo\0b,,,,", "name"),
    "no e-mail address": ("bob,,not an address,,,", "email"),
    "a header in the e-mail address": ('bob,,"a@b.c\rBcc: x@y.z",,,', "email"),
    "a group that is not declared": ("bob,,,staff wheel,,", "groups"),
    "everyone as a group": ("bob,,,everyone,,", "groups"),
    "an organisation in other letters": ("bob,,,,büro,", "organisations"),
    "neither true nor false": ("bob,,,,,maybe", "enabled"),
    "a value too many": ("bob,,,,,,x", "line"),
    "an open quote": ('bob,"Bob,,,,', "line"),
    "an application": ("robot,,,,,", "login"),
    "the login of somebody deleted": ("gone,,,,,", "login"),
    "a login twice": ("FIRST,,,,,", "login"),
}


def test_each_bad_line_is_told_by_number_and_field_and_the_good_ones_go_in(installation, tmp_path):
    installation.ok("app", "add", "robot")
    installation.ok("user", "add", "gone")
    installation.ok("user", "delete", "gone", "--yes")
    lines = [HEADER.rstrip(), "first,,,,,", *(line for line, _ in BAD.values()), "last,,,,,"]
    report = tmp_path / "refused.csv"
    text = "\n".join(lines).encode() + b"\nbob,Bo\xffb,,,,\n" + b"x" * 20_000 + b"\nverylast,,,,,\n"
    done = imported(installation, text, "--report", str(report), code=2)
    assert done == counts(created=3, refused=len(BAD) + 2)
    with report.open(newline="", encoding="utf-8") as file:
        told = {int(row["line"]): row["field"] for row in csv.DictReader(file)}
    expected = {number: field for number, (_, field) in enumerate(BAD.values(), 3)}
    assert told == expected | {len(BAD) + 4: "line", len(BAD) + 5: "line"}
    assert {one["login"] for one in installation.ok("user", "list", "--json").json} == {
        "alice",
        "first",
        "last",
        "verylast",
    }


@pytest.mark.parametrize("formula", ["=cmd|'/c calc'!A0", "+1+1", "-1", "@SUM(1)", "\t=1"])
def test_no_cell_of_the_report_is_a_formula(installation, tmp_path, formula):
    report = tmp_path / "refused.csv"
    text = 'login,email\nbob,"' + formula.replace('"', '""') + '"\n'
    assert imported(installation, text, "--report", str(report), code=2) == counts(refused=1)
    with report.open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["value"].startswith("'")
    assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r")) for value in row.values())


def test_the_terminal_gets_no_control_sequence_of_the_file(installation):
    file = installation.folder / "people.csv"
    file.write_text("login,name\nbob,\x1b]0;gotcha\x07\n", "utf-8")
    done = installation.run("import", "users", str(file))
    assert done.code == 2
    assert "\x1b" not in done.err + done.out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "does not name the columns"),
        ("bob,Bob\n", "does not name the columns"),
        ("name,email\nBob,\n", "does not name the columns"),
        ("login,passwd\nbob,x\n", "is not a column"),
        ("login,login\nbob,x\n", "is there twice"),
        ("\x00\x01", "does not name the columns"),
        (b"\xff\xfel\x00o\x00g\x00", "is not UTF-8"),
        ("login" + "x" * 20_000, "is longer than"),
    ],
)
def test_a_file_that_does_not_name_its_columns_is_refused_whole(installation, text, words):
    file = installation.folder / "people.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = installation.run("import", "users", str(file))
    assert done.code == 2
    assert words in done.err


def test_a_thousand_users_take_seconds(installation):
    lines = "".join(f"user{at},User {at},user{at}@example.org,staff guests,acme,true\n" for at in range(1000))
    began = time.monotonic()
    assert imported(installation, HEADER + lines) == counts(created=1000)
    assert time.monotonic() - began < 30
    assert installation.rows("SELECT count(*) FROM owners") == [(1001,)]
