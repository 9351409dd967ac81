"""Bytes to a tree, or a refusal with a place: never an exception of another kind, never anything run or expanded."""

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import ConfigInvalid, Settings, yaml_nodes
from gateway.config.reader import read
from gateway.config.yaml_nodes import MAX_BYTES, MAX_DEPTH, SyntaxFault, YamlMap, decode, parse

MINIMAL = "public_url: https://gateway.example.org\nroutes: []\n"


@pytest.fixture(params=["libyaml", "python"])
def _loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_nodes, "LOADER", yaml.CSafeLoader if request.param == "libyaml" else yaml.SafeLoader)


def tree_or_refusal(raw: bytes) -> YamlMap | SyntaxFault:
    """What reading makes of these bytes; anything but these two fails the test."""
    try:
        return parse(decode(raw))[0]
    except SyntaxFault as refused:
        return refused


def settings_or_refusal(raw: bytes) -> Settings | ConfigInvalid:
    """What a configuration of these bytes gives; anything but these two fails the test."""
    try:
        return read(raw, path=Path("gateway.yaml"), env={})
    except ConfigInvalid as refused:
        return refused


def refusal(raw: bytes) -> str:
    """The one error of a file that is not YAML of ours."""
    with pytest.raises(ConfigInvalid) as raised:
        read(raw, path=Path("gateway.yaml"), env={})
    (error,) = raised.value.errors
    return str(error)


@pytest.mark.parametrize(
    ("raw", "place", "what"),
    [
        pytest.param(b"", "1:1", "is empty", id="empty"),
        pytest.param(b"# nothing\n", "1:1", "is empty", id="only a comment"),
        pytest.param(b"- a\n", "1:1", "not a mapping", id="a list"),
        pytest.param(b"text\n", "1:1", "not a mapping", id="a text"),
        pytest.param(b"\xef\xbb\xbf" + MINIMAL.encode(), "1:1", "byte order mark", id="BOM"),
        pytest.param(MINIMAL.encode("utf-16"), "1:1", "UTF-16", id="UTF-16 with BOM"),
        pytest.param(MINIMAL.encode("utf-16-le"), "1:1", "UTF-16", id="UTF-16 LE"),
        pytest.param(MINIMAL.encode("utf-16-be"), "1:1", "UTF-16", id="UTF-16 BE"),
        pytest.param(b"a: b\nrealm: caf\xe9\n", "2:11", "not UTF-8", id="Latin-1"),
        pytest.param(b"a: \xed\xa0\x80\n", "1:4", "not UTF-8", id="a surrogate"),
        pytest.param(b"a: b\nrealm: x\0y\n", "2:9", "NUL", id="NUL"),
        pytest.param(b"a:\n\tb: c\n", "2:1", "a tab", id="tab as indentation"),
        pytest.param(b'a: "b\tc"\n', "1:6", "a tab", id="tab in quotes"),
        pytest.param(b"a: b\rc: d\n", "1:5", "carriage return", id="a bare carriage return"),
        pytest.param("a: b\u2028c: d\n".encode(), "1:5", "U+2028", id="a line separator"),
        pytest.param("a: \u202eb\n".encode(), "1:4", "U+202E", id="right-to-left override"),
        pytest.param(b"a: \x1b[2J\n", "1:4", "U+001B", id="escape"),
        pytest.param(b"a: " + b"[" * 10_000, "1:35", "deeper than 32", id="ten thousand lists deep"),
        pytest.param(b"{a: " * 10_000, "1:129", "deeper than 32", id="ten thousand mappings deep"),
        pytest.param(b"a" * (MAX_BYTES + 1), "1:1", "larger than 16 MB", id="17 MB"),
        pytest.param(MINIMAL.encode() + b"---\n", "3:1", "second document", id="a second document"),
    ],
)
@pytest.mark.usefixtures("_loader")
def test_refuses_with_a_place(raw: bytes, place: str, what: str) -> None:
    said = refusal(raw)

    assert said.startswith(f"gateway.yaml:{place}: syntax: ")
    assert what in said


def test_windows_line_ends_are_fine() -> None:
    settings = read(MINIMAL.replace("\n", "\r\n").encode(), path=Path("gateway.yaml"), env={})

    assert settings.public_url == "https://gateway.example.org"


@pytest.mark.usefixtures("_loader")
def test_an_alias_bomb_costs_nothing() -> None:
    levels = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    started = time.process_time()

    _, faults = parse("\n".join(levels))

    assert time.process_time() - started < 1
    assert len(faults) == 10 + 9 * 9


@pytest.mark.usefixtures("_loader")
def test_as_deep_as_allowed_is_allowed() -> None:
    tree, faults = parse("a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1))

    assert not faults
    assert "a" in tree


@pytest.mark.usefixtures("_loader")
def test_remembers_where_keys_and_values_stand() -> None:
    tree, _ = parse("a: b\nc:\n  - d\n  - {e: ünit, f: g}\n")

    listed = tree["c"]
    assert tree.keys_at["c"] == (2, 1)
    assert tree.values_at["a"] == (1, 4)
    assert isinstance(listed, yaml_nodes.YamlList)
    assert listed.values_at[1] == (4, 5)
    inner = listed[1]
    assert isinstance(inner, yaml_nodes.YamlMap)
    assert inner.keys_at["f"] == (4, 15)


@pytest.mark.parametrize("word", ["y", "yes", "Off", "TRUE", "0o17", "017", "0x1", "1e3", "12:30", "1.5", "~", ".inf"])
def test_a_quoted_word_is_text_whatever_it_looks_like(word: str) -> None:
    tree, faults = parse(f"a: \"{word}\"\nb: '{word}'\nc: |-\n  {word}\n")

    assert not faults
    assert tree == {"a": word, "b": word, "c": word}


texts = st.text() | st.lists(
    st.sampled_from(
        ["routes", "public_url", ":", " ", "\n", "- ", "{", "}", "[", "]", ",", "&a", "*a", "!!x", '"', "'", "${", "}",
         "scopes", "host", "yes", "0777", "#", "|", ">", "?", "<<", "---", "..."]
    )
).map("".join)  # fmt: skip


@given(texts)
@pytest.mark.parametrize("loader", [yaml.CSafeLoader, yaml.SafeLoader], ids=["libyaml", "python"])
def test_any_text_is_a_tree_or_a_refusal(loader: type, text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_nodes, "LOADER", loader)
        outcome = tree_or_refusal(text.encode("utf-8", "surrogatepass"))

    assert outcome.mark >= (1, 1)


@given(st.binary() | texts.map(lambda text: (MINIMAL + text).encode("utf-8", "surrogatepass")))
def test_any_bytes_are_settings_or_config_invalid(raw: bytes) -> None:
    outcome = settings_or_refusal(raw)

    if isinstance(outcome, ConfigInvalid):
        assert outcome.errors
        assert all(str(error).count("\n") == 0 for error in outcome.errors)


scalars = st.none() | st.booleans() | st.integers() | st.sampled_from(
    ["rest", "staff", "personal", "unlimited", "90d", "10.0.0.0/8", "/**", "*", "app.example.org", "basic", "X-A", "x"]
) | st.text(max_size=5)  # fmt: skip
keys = st.sampled_from(
    ["listen", "check", "unix", "mode", "public_url", "store", "url", "tokens", "personal", "max_lifetime", "groups",
     "permissions", "users", "scopes", "rest", "identity", "default", "X-A", "field", "only", "defaults", "credentials",
     "routes", "name", "host", "path", "methods", "from", "public", "deny", "authenticated", "any", "all", "challenge"]
)  # fmt: skip
trees = st.recursive(scalars, lambda below: st.lists(below, max_size=4) | st.dictionaries(keys, below, max_size=5))


@given(st.dictionaries(keys, trees))
def test_any_tree_is_settings_or_config_invalid(tree: dict[str, object]) -> None:
    raw = yaml.safe_dump(tree | {"public_url": "https://gateway.example.org"}, allow_unicode=True)

    outcome = settings_or_refusal(raw.encode())

    assert isinstance(outcome, Settings) or outcome.errors
