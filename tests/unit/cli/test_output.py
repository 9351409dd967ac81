"""What commands print: rich on a terminal, aligned text in a pipe, and times as people say them."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.cli import output
from gateway.cli.cell import Styled
from gateway.cli.failure import Failure
from gateway.cli.times import NEVER, expiry_wish, relative, span

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_a_pipe_gets_aligned_text(capsys):
    output.show_table(("a", "long"), [("wide cell", Styled("x", "red")), ("b", "y")], empty="none")
    assert capsys.readouterr().out == "a          long\nwide cell  x\nb          y\n"


def test_a_terminal_gets_a_table_and_the_same_words(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    output.show_table(("token",), [(Styled("[bold]expired", "red"),)], empty="none")
    output.show_fields([("owner", "alice")])
    shown = capsys.readouterr().out
    assert "[bold]expired" in shown  # text, not markup
    assert "alice" in shown


@pytest.mark.parametrize("terminal", [True, False])
def test_no_value_reaches_a_terminal_as_a_control_sequence(capsys, monkeypatch, terminal):
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    output.show_table(("name",), [("a\x1b]0;b\x07\u202e",)], empty="none")
    shown = capsys.readouterr().out
    assert "\x07" not in shown
    assert "\u202e" not in shown
    assert "<U+202E>" in shown


def test_an_empty_table_is_said_on_stderr(capsys):
    output.show_table(("a",), [], empty="No tokens.")
    assert capsys.readouterr() == ("", "No tokens.\n")


def test_json_has_exact_times_and_sorted_sets():
    value = {"at": NOW, "scopes": frozenset({"b", "a"}), "span": timedelta(minutes=1), "none": None}
    assert output.plain(value) == {"at": "2026-11-22T12:00:00Z", "scopes": ["a", "b"], "span": 60.0, "none": None}


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (timedelta(days=90, milliseconds=-20), "in 90 days"),
        (timedelta(days=1), "in 1 day"),
        (timedelta(hours=-2), "2 hours ago"),
        (timedelta(days=-3), "3 days ago"),
        (timedelta(minutes=59, seconds=59), "in 1 hour"),
        (timedelta(seconds=20), "in less than a minute"),
        (timedelta(seconds=-1), "just now"),
    ],
    ids=str,
)
def test_times_are_told_relative_to_now(away, words):
    assert relative(NOW + away, NOW) == words


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        (None, None),
        ("never", NEVER),
        ("90d", timedelta(days=90)),
        ("2027-01-31", datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC)),
        ("2027-01-31T12:00:00Z", datetime(2027, 1, 31, 12, tzinfo=UTC)),
        ("2027-01-31T12:00:00+02:00", datetime(2027, 1, 31, 10, tzinfo=UTC)),
    ],
)
def test_an_expiry_is_a_span_a_date_an_instant_or_never(text, wish):
    assert expiry_wish(text) == wish


@pytest.mark.parametrize("text", ["", "90", "d", "-1d", "1.5d", "2027-02-30", "2027-01-31T12:00:00", "١d", "9999999d"])
def test_anything_else_is_refused(text):
    with pytest.raises(Failure):
        expiry_wish(text)


def test_a_span_may_be_none_at_all():
    assert span("0", "--grace") == timedelta(0)
