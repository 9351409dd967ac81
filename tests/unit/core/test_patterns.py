"""Patterns as operators write them: what they match, and how a bad one is to be mended."""

import pytest

from gateway.core.patterns import LOGIN, STAR, PathPattern, fold, parse_host_pattern


def segments(path: str) -> tuple[str, ...]:
    return tuple(path[1:].split("/"))


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/", "/", True),
        ("/", "/a", False),
        ("/api", "/api", True),
        ("/api", "/api/", False),
        ("/api/", "/api/", True),
        ("/api/", "/api", False),
        ("/api", "/API", False),
        ("/api/**", "/api", True),
        ("/api/**", "/api/", True),
        ("/api/**", "/api/a/b", True),
        ("/api/**", "/apiary", False),
        ("/api/**", "/x/api", False),
        ("/**", "/", True),
        ("/**", "/a/b/", True),
        ("/reports/*/export", "/reports/7/export", True),
        ("/reports/*/export", "/reports//export", False),
        ("/reports/*/export", "/reports/export", False),
        ("/reports/*/export", "/reports/7/8/export", False),
        ("/a/*", "/a/b", True),
        ("/a/*", "/a/", False),
        ("/a/*/", "/a/b/", True),
        ("/**/push", "/push", True),
        ("/**/push", "/a/b/push", True),
        ("/**/push", "/a/b/push/", False),
        ("/a/**/b", "/a/b", True),
        ("/a/**/b", "/a/x/y/b", True),
        ("/a/**/b", "/a", False),
        ("/a/**/a", "/a", False),
        ("/a/**/*", "/a/", False),
        ("/a/**/*", "/a/b/c", True),
        ("/a/**/", "/a/", True),
        ("/a/**/", "/a/b/", True),
        ("/a/**/", "/a/b", False),
        ("/{login}/**", "/alice", True),
        ("/{login}/**", "/alice/x", True),
        ("/{login}/**", "/", False),
        ("/{login}/**", "//x", False),
        ("/%2A", "/*", True),
        ("/%2A", "/a", False),
        ("/%7Blogin%7D", "/{login}", True),
        ("/%7Blogin%7D", "/alice", False),
        ("/my docs", "/my docs", True),
        ("/my%20docs", "/my docs", True),
        ("/caf%C3%A9", "/caf\u00e9", True),
        ("/caf\u00e9", "/caf\u00e9", True),
        ("/caf\u00e9", "/cafe\u0301", False),
        ("/50%25", "/50%", True),
        ("/a%3Fb%23%3B", "/a?b#;", True),
    ],
)
def test_a_path_pattern_matches_whole_segments(pattern: str, path: str, matches: bool) -> None:
    assert PathPattern.parse(pattern).matches(segments(path)) is matches


def test_raw_and_encoded_spellings_are_one_pattern() -> None:
    raw, encoded = PathPattern.parse("/caf\u00e9/a b/**"), PathPattern.parse("/caf%c3%A9/a%20b/**")
    assert (raw.prefix, raw.suffix) == (encoded.prefix, encoded.suffix) == (("caf\u00e9", "a b"), ())


def test_a_pattern_prints_as_it_was_written() -> None:
    assert str(PathPattern.parse("/caf%C3%A9/{login}")) == "/caf%C3%A9/{login}"


def test_wildcards_are_no_literals() -> None:
    assert PathPattern.parse("/*/{login}").prefix == (STAR, LOGIN)
    assert PathPattern.parse("/%2A/%7Blogin%7D").prefix == ("*", "{login}")


@pytest.mark.parametrize(
    ("pattern", "at"),
    [
        ("/a/b", None),
        ("/**", None),
        ("/{login}", 0),
        ("/u/{login}/**", 1),
        ("/**/{login}", -1),
        ("/a/**/{login}/x", -2),
    ],
)
def test_a_pattern_knows_where_the_login_stands(pattern: str, at: int | None) -> None:
    assert PathPattern.parse(pattern).login_at == at


@pytest.mark.parametrize(
    ("pattern", "mend"),
    [
        ("", "put one in front"),
        ("api", "put one in front"),
        ("*", "put one in front"),
        ("//a", "write one slash"),
        ("/a//b", "write one slash"),
        ("/a//", "write one slash"),
        ("/a/../b", "write the path that they lead to"),
        ("/a/.", "write the path that they lead to"),
        ("/a%2e", "write the dot itself"),
        ("/a%2Fb", "write `*`"),
        ("/a%5cb", "write `*`"),
        ("/a\\b", "separate segments with `/`"),
        ("/a;b", "write %3B"),
        ("/a?b", "write %3F"),
        ("/a#b", "write %23"),
        ("/a%2541", "percent-encoded once"),
        ("/50%", "write %25"),
        ("/a%zz", "write %25"),
        ("/a\tb", "leave control characters out"),
        ("/a%00", "leave control characters out"),
        ("/a%ff", "in UTF-8"),
        ("/a\udcff", "in UTF-8"),
        ("/a\ufffd", "in UTF-8"),  # noqa: PT014  # ruff takes the lone surrogate above for the same
        ("/a%EF%BF%BD", "in UTF-8"),
        ("/a*", "write `*` alone"),
        ("/a**", "write `*` alone"),
        ("/***", "write `*` alone"),
        ("/{id}", "{login}"),
        ("/a{login}", "{login}"),
        ("/a}", "{login}"),
        ("/**/a/**", "write two paths"),
        ("/{login}/{login}", "write `*` for the others"),
        ("/a" * 65, "use `**`"),
        ("/" + "a" * 2048, "use `*` and `**`"),
        ("/" + ";\\#%zz%00%ff" * 100, "write it plainly"),
    ],
)
def test_a_bad_path_pattern_says_how_to_mend_it(pattern: str, mend: str) -> None:
    with pytest.raises(ValueError, match="; ") as refused:
        PathPattern.parse(pattern)
    assert mend in str(refused.value)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("*", "*"),
        ("App.example.ORG.", "app.example.org"),
        ("*.Example.org", "*.example.org"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("B\u00dcCHER.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("*.b\u00fccher\u3002example", "*.xn--bcher-kva.example"),
        ("my_app.b\u00fccher.example", "my_app.xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:DB8::1]", "[2001:db8::1]"),
        ("localhost", "localhost"),
    ],
)
def test_a_host_pattern_has_one_spelling(text: str, host: str) -> None:
    assert parse_host_pattern(text) == host


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("", "write it like"),
        (".", "write it like"),
        ("*.", "write it like"),
        ("a b", "write it like"),
        ("a,b", "write it like"),
        ("::1", "write it like"),
        ("**", "like `*.example.org`"),
        ("a.*.example", "like `*.example.org`"),
        ("*.*.example", "like `*.example.org`"),
        ("*app.example", "like `*.example.org`"),
        ("https://app.example", "leave scheme, user and path out"),
        ("app.example/x", "leave scheme, user and path out"),
        ("user@app.example", "leave scheme, user and path out"),
        ("app.example:8443", "a route holds on every port"),
        ("[::1]:443", "a route holds on every port"),
        ("*.[::1]", "without `*.`"),
        ("\u2603\u20e3.\u00fc\u0301\u200d.example", "xn--"),
        ("a\udcff.example", "xn--"),
    ],
)
def test_a_bad_host_pattern_says_how_to_mend_it(text: str, mend: str) -> None:
    with pytest.raises(ValueError, match="; ") as refused:
        parse_host_pattern(text)
    assert mend in str(refused.value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Admin", "aDMIN", True),
        ("\u00e9", "\u00c9", True),
        ("\u03c2", "\u03c3", True),
        ("stra\u00dfe", "strasse", False),
        ("stra\u00dfe", "STRA\u00dfE", True),
        ("\uff21", "A", False),
    ],
)
def test_windows_folds_case_letter_by_letter(one: str, other: str, same: bool) -> None:
    assert (fold(one) == fold(other)) is same
