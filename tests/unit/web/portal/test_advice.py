"""No page sends anybody to a command line: advice is the page's own there, and names of settings stand out as code."""

import pytest

from gateway.auth.explain import REMEDY
from gateway.auth.refused import Refused
from gateway.core.reason import Reason
from gateway.web.portal.advice import ADVICE
from gateway.web.portal.reason_words import REMEDIES, remedy_words
from gateway.web.portal.render import quoting
from gateway.web.portal.words import Languages
from tests.unit.web.portal.overseeing import overseeing


@pytest.fixture
def english(tmp_path):
    return Languages(tmp_path).best("en")


@pytest.mark.parametrize(("code", "field"), ADVICE, ids="-".join)
def test_advice_of_the_page_takes_the_place_of_a_command(english, code, field):
    refused = Refused(code, field=field, message="there is no such thing", mend="see `token-gateway thing list`")
    assert english.refused(refused) == f"There is no such thing: {ADVICE[code, field]}."


def test_a_command_that_has_no_words_of_the_page_is_left_out_and_what_is_wrong_is_said(english):
    assert english.refused(Refused("busy", message="too much at once", mend="type `token-gateway wait`")) == (
        "Too much at once."
    )


def test_other_advice_is_the_use_cases_and_a_question_ends_as_one(english):
    assert english.refused(Refused("not_found", message="no user alic", mend="did you mean alice?")) == (
        "No user alic: did you mean alice?"
    )


@pytest.mark.parametrize("reason", REMEDY, ids=str)
def test_what_would_change_a_decision_is_said_without_commands_and_options(english, reason):
    text = remedy_words(english, reason)
    assert text
    for told in ("token-gateway", "--", "user sync", "token edit"):
        assert told not in text


def test_remedies_of_pages_are_there_for_what_names_a_command_alone():
    commands = {reason for reason, text in REMEDY.items() if "token-gateway " in text or "--" in text}
    assert commands == set(REMEDIES)
    assert Reason.OWNER_DISABLED in commands


def test_what_stands_in_backticks_is_code_and_nothing_becomes_markup():
    assert quoting("change `permissions:`, then `x`") == "change <code>permissions:</code>, then <code>x</code>"
    assert quoting("`<b>` & `") == "<code>&lt;b&gt;</code> &amp; `"


async def test_pages_tell_of_an_unknown_owner_and_an_address_without_a_page_as_people_expect(installed):
    async with overseeing(installed) as at:
        for path, words in (
            ("/tokens?owner=nemo", "There is neither a user nor an application of that name."),
            ("/tokens?owner=nemo&kind=personal", "There is no user nemo: look it up in the list."),
            ("/audit?owner=nemo", "There is no owner nemo, and never was: look it up in the list."),
            ("/tokens?owner=evee", "did you mean eve?"),
            ("/nowhere", "Nothing has this address."),
        ):
            page = await at.get(path)
            assert (path, page.status) == (path, 404)
            assert words in page.text
            assert "token-gateway " not in page.text.replace("/etc/token-gateway ", "")
