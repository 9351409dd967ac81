"""The pages speak the language that the browser asks for, as far as there is a catalogue; else English."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.auth.refused import Refused
from gateway.web.portal.times import Times
from gateway.web.portal.words import Languages

CATALOGUE = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Saved."
msgstr "Gespeichert."

msgid "%(n)s token"
msgid_plural "%(n)s tokens"
msgstr[0] "%(n)s Token"
msgstr[1] "%(n)s Token-Schlüssel"

msgctxt "refused"
msgid "name_taken"
msgstr "Der Name ist vergeben."
"""
NOW = datetime(2026, 11, 22, 9, 41, 30, tzinfo=UTC)


@pytest.fixture
def languages(tmp_path) -> Languages:
    (tmp_path / "de.po").write_text(CATALOGUE, encoding="utf-8")
    (tmp_path / "README").write_text("no catalogue")
    return Languages(tmp_path)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,en;q=0.5", "de"),
        ("en,de;q=0.9", "en"),
        ("fr, de;q=0.3", "de"),
        ("de;q=0", "en"),
        ("de;q=x, *", "en"),
        ("zz" * 5000, "en"),
    ],
)
def test_the_most_wanted_language_that_is_here_is_taken(languages, accepted, language):
    assert languages.best(accepted).language == language


def test_texts_numbers_and_refusals_come_from_the_catalogue(languages):
    german = languages.best("de")
    assert german("Saved.") == "Gespeichert."
    assert german.many("%(n)s token", "%(n)s tokens", 1) == "1 Token"
    assert german.many("%(n)s token", "%(n)s tokens", 2) == "2 Token-Schlüssel"
    assert german.refused(Refused("name_taken", message="taken")) == "Der Name ist vergeben."


def test_what_is_not_translated_is_said_in_english(languages):
    german = languages.best("de")
    assert german("Not there %(n)s", n=1) == "Not there 1"
    assert german.refused(Refused("expiry", message="too late", mend="take less")) == "Too late: take less."


@pytest.mark.parametrize(
    ("ago", "english"),
    [
        (timedelta(seconds=-3), "just now"),
        (timedelta(seconds=3), "just now"),
        (timedelta(days=-3, hours=-1), "3 days ago"),
        (timedelta(days=3, hours=1), "in 3 days"),
        (timedelta(minutes=-5), "5 minutes ago"),
    ],
)
def test_moments_are_told_from_now_with_the_exact_one_behind_them(languages, ago, english):
    told = str(Times(languages.best("en"), NOW).ago(NOW + ago))
    assert f">{english}</time>" in told
    assert "UTC" in told


def test_times_follow_the_language_and_exact_ones_say_utc(languages):
    german, english = (Times(languages.best(tag), NOW) for tag in ("de", "en"))
    assert ">vor 3 Tagen</time>" in str(german.ago(NOW - timedelta(days=3)))
    assert str(english.moment(NOW)) == '<time datetime="2026-11-22T09:41:30Z">22 Nov 2026, 09:41 UTC</time>'
    assert (english.number(1234), german.number(1234)) == ("1,234", "1.234")
    assert (english.ago(None), english.span(timedelta(days=90))) == ("never", "3 months")


def test_without_any_translation_there_is_english(tmp_path):
    assert [words.language for words in Languages(tmp_path / "none")] == ["en"]
