"""Once at each stage, the nearest alone, and not right after it began."""

from datetime import timedelta

import pytest

from gateway.core.notice import stage_due
from tests.builders import NOW

DAY = timedelta(days=1)
STAGES = (30 * DAY, 7 * DAY, DAY)


@pytest.mark.parametrize(
    ("left", "stage"),
    [(31, None), (30, 30), (7.1, 30), (7, 7), (1.5, 7), (1, 1), (0.01, 1), (0, None), (-1, None)],
)
def test_the_nearest_stage_that_is_reached_is_told_alone(left, stage):
    found = stage_due(STAGES, began=NOW - 400 * DAY, ends_at=NOW + left * DAY, now=NOW)
    assert found == (None if stage is None else stage * DAY)


@pytest.mark.parametrize(("life", "told"), [(90, 30), (40, 30), (39, 7), (30, 7), (10, 7), (9, 1), (2, 1), (1, None)])
def test_who_made_it_for_so_long_is_not_told_that_it_lasts_so_long(life, told):
    ends = NOW + life * DAY
    moments = [stage_due(STAGES, began=NOW, ends_at=ends, now=NOW + hours * DAY / 24) for hours in range(life * 24)]
    assert next((one for one in moments if one is not None), None) == (None if told is None else told * DAY)


def test_without_stages_nothing_is_told():
    assert stage_due((), began=NOW - DAY, ends_at=NOW + DAY, now=NOW) is None
