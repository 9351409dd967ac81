"""Another language is one file: with a catalogue written from the sources, no text of ours stays in English."""

import json
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import pytest
import pytest_asyncio

from gateway.store import AuditFilter
from tests.portal.harness.foreign import CLOSE, LANGUAGE, OPEN, write_catalogue
from tests.portal.harness.house import House
from tests.portal.harness.sample import Sample, settle
from tests.portal.harness.scenes import SCENES
from tests.portal.harness.site import CONFIG

ROWS = {one.page: one for one in reversed(SCENES)}
WORD = re.compile(r"[A-Za-z]{2,}")
# What is data, or is called the same in every language.
DATA = {"code", "pre", "time", "output", "kbd", "script", "style", "svg", "textarea", "samp"}
SPOKEN = {"alt", "title", "aria-label", "placeholder", "data-copied", "data-selected", "data-now", "data-left"}
NAMES = re.compile(
    r"Token Gateway|SQLite|UTC|HTTP|URL|YAML|tg[pa]_…|[\w.+-]+@[\w.-]+|[\w-]+(\.[\w-]+)+|cli:\w+|tg[pa]_\w+"
    r"|help desk, phone 4711|Mozilla/.*|\b\w+_\w+\b|\b(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|PROPFIND|REPORT)\b"
    r"|\$[a-z]+|/[\w/*{}.-]+"
)


class Visible(HTMLParser):
    """What people read or hear that stands outside of the brackets."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._depth = 0
        self._within: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in DATA:
            self._within.append(tag)
            return
        self.found += [re.sub(rf"{OPEN}.*?{CLOSE}", "", value or "") for name, value in attrs if name in SPOKEN]

    def handle_endtag(self, tag: str) -> None:
        if self._within and self._within[-1] == tag:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        for piece in re.split(f"([{OPEN}{CLOSE}])", data):
            if piece in {OPEN, CLOSE}:
                self._depth += 1 if piece == OPEN else -1
            elif self._depth == 0 and not self._within:
                self.found.append(piece.strip())


def left_in_english(html: str, known: set[str]) -> list[str]:
    """The texts outside of the brackets that are neither data nor names."""
    visible = Visible()
    visible.feed(html)
    visible.close()
    left = [NAMES.sub("", text) for text in visible.found if text not in known]
    return [text for text in left if WORD.search(" ".join(re.split(r"\s+", _without(text, known))))]


def _without(text: str, known: set[str]) -> str:
    for one in sorted(known, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(one)}(?!\w)", "", text)
    return text


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def abroad(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[House, Sample, set[str]]]:
    """An installation whose gateway speaks it, and the words that are data there."""
    messages = tmp_path_factory.mktemp("messages")
    assert write_catalogue(messages) > 500
    house = await House.build(
        tmp_path_factory.mktemp("abroad"), program=["tests.portal.harness.foreign", str(messages)]
    )
    try:
        sample = await settle(house)
        people = await house.desk.store.users()
        applications = await house.desk.store.applications()
        known = {one.owner.login for one in (*people, *applications)}
        known |= {one.owner.name for one in (*people, *applications)}
        known |= {one.token.name for one in sample.tokens.values()} | {
            "workstation",
            "everyone",
            "example-ltd",
            "north",
            "south",
        }
        known |= set(re.findall(r"[\w.-]+", CONFIG)) | set(re.findall(r"(?<=: )[A-Z][\w ,]+", CONFIG)) | {"curl", "git"}
        known |= {"token", "gateway"}  # a scheme of credentials, and a process
        known |= {"times"}  # a fact of the audit, in rows that other tests write meanwhile
        known |= {"allows", "owners", "refuted", "rt", "unknown", "verified"}  # caches, named as in the metrics
        known |= {
            "seq",
            "at",
            "actor",
            "action",
            "object",
            "token",
            "owner",
            "address",
            "mac",
            "user",
            "subject",
        }  # columns of the audit
        audit = await house.desk.store.audit_page(AuditFilter(), limit=500)
        known |= {word for row in audit.rows for word in re.findall(r"\w+", json.dumps(row.row.detail))}
        yield house, sample, known - {""}
    finally:
        await house.close()


@pytest.mark.parametrize("scene", ROWS.values(), ids=[one.page or "not there" for one in ROWS.values()])
async def test_no_text_of_ours_stays_in_english(abroad, scene):
    house, sample, known = abroad
    person = getattr(sample, scene.who) if scene.who else None
    status, _, html = await house.get(scene.path(sample), person, language=LANGUAGE)
    assert status == scene.status
    assert f'<html lang="{LANGUAGE}">' in html
    assert html.count(OPEN) == html.count(CLOSE) > 5
    left = left_in_english(html, known)
    assert not left, left


async def test_a_text_that_stayed_in_english_would_be_found():
    html = (
        f"<h1>{OPEN}Mine{CLOSE}</h1><p title='Left over'>Forgotten <code>data</code> {OPEN}fine <b>so</b>{CLOSE} alice"
    )
    assert left_in_english(html, {"alice"}) == ["Left over", "Forgotten"]
