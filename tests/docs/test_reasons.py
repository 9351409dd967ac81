"""docs/reasons.md and the code say the same: every reason is there, with what leaves the house and how to mend it."""

import re
from pathlib import Path

import pytest

from gateway.core.reason import OUTSIDE, Reason

PAGE = (Path(__file__).parents[2] / "docs" / "reasons.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE))


def test_the_page_names_exactly_the_reasons_there_are() -> None:
    assert list(SECTIONS) == [reason.value for reason in Reason]


@pytest.mark.parametrize("reason", Reason, ids=str)
def test_a_reason_is_documented_with_status_meaning_and_mend(reason: Reason) -> None:
    section = SECTIONS[reason.value]
    stranger, proven, status = OUTSIDE[reason]
    assert section.strip().splitlines()[0] == (
        f"{status} · strangers read `{stranger}` · a proven holder reads `{proven}`"
    )
    for part in ("Means", "Operator", "User"):
        assert re.search(rf"^- \*\*{part}:\*\* \S", section, re.MULTILINE), f"{reason.value} lacks {part}"
