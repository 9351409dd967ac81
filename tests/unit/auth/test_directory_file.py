"""A directory's export is read whole, or every line that is wrong is named and nothing of it is used."""

import pytest

from gateway.auth.directory_file import MAX_FAULTS, DirectoryFaults, Listed, read_directory

HEADER = "login,enabled,groups\n"


@pytest.mark.parametrize(
    "text",
    [
        "login,enabled,groups,name,email\nbob,true,staff admins,Bob Example,b@example.org\n",
        "\ufeffEnabled,Login,Name,Email,Groups\r\nyes,bob,Bob Example,b@example.org,staff;admins\r\n\r\n",
        '{"login":"bob","enabled":true,"groups":["staff","admins"],"name":"Bob Example","email":"b@example.org","x":7}',
        '{"login": "bob", "enabled": "1", "groups": "admins, staff", "name": "Bob Example", "email": "b@example.org"}',
    ],
    ids=["csv", "csv-of-a-spreadsheet", "json-lines", "json-of-texts"],
)
def test_csv_and_json_lines_say_the_same(text):
    (one,) = read_directory(text.encode())
    groups = frozenset({"staff", "admins"})
    same = Listed(line=one.line, login="bob", enabled=True, groups=groups, name="Bob Example", email="b@example.org")
    assert one == same


def test_what_is_not_said_is_none_and_what_is_said_empty_is_empty():
    silent, empty = (
        read_directory(b'{"login": "a", "enabled": false, "groups": []}\n'),
        read_directory(b"login,enabled,groups,name,email\na,0,,,\n"),
    )
    assert (silent[0].name, silent[0].email) == (None, None)
    assert (empty[0].name, empty[0].email, empty[0].groups) == ("", "", frozenset())


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "line 1: the columns login, enabled and groups"),
        (b"login,groups\nbob,staff\n", "line 1: the columns"),
        (b"login,enabled,groups,login\nbob,true,staff,eve\n", "line 1: the columns"),
        (HEADER.encode(), "names nobody"),
        (HEADER.encode() + b"bob,true\n", "line 2: is not one person"),
        (HEADER.encode() + b"bob,true,staff,more\n", "line 2: is not one person"),
        (HEADER.encode() + b"bob,,staff\n", "line 2: enabled: is neither true nor false"),
        (HEADER.encode() + b"bob,TRUE,\nBOB,true,\n", "line 3: the login is on line 2 already"),
        (HEADER.encode() + b"a b,true,\n", "line 2: login: contains U+0020"),
        (HEADER.encode() + b'"bob,true,\n', "not CSV"),
        (HEADER.encode() + b"bob\xff,true,\n", "not UTF-8 (byte 24)"),
        (b'{"login": "bob", "enabled": true}', "line 1: groups: missing"),
        (b'{"login": "bob", "login": "eve", "enabled": true, "groups": []}', "line 1: is not one person"),
        (b'{"login": "bob", "enabled": 1, "groups": []}', "line 1: enabled: is neither"),
        (b'{"login": "bob", "enabled": true, "groups": [7]}', "line 1: groups: is not a list of names"),
        (b'{"login": "bob", "enabled": true, "groups": [], "email": "x"}', "line 1: email: is not an e-mail address"),
        (b'{"login": 7, "enabled": true, "groups": []}', "line 1: login: is not text"),
        (b'{"a": ' * 100_000, "line 1: is not one person"),
        (b"{\n", "line 1: is not one person"),
    ],
)
def test_a_line_that_is_wrong_is_named_with_its_field(data, says):
    found = read_directory(data)
    assert isinstance(found, DirectoryFaults)
    assert says in found.faults[0]
    assert all(fault.isprintable() for fault in found.faults)


def test_of_very_many_faults_the_first_are_named():
    found = read_directory((HEADER + "\x1b,maybe,\n" * 500).encode())
    assert isinstance(found, DirectoryFaults)
    assert len(found.faults) == MAX_FAULTS + 1
    assert found.faults[-1] == "and 450 more"
