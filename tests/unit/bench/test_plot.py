"""The drawing beside the page."""

from xml.etree import ElementTree as ET

import pytest

from bench.plot import LABEL, RIGHT, WIDTH, Dot, Group, drawing

SVG = "{http://www.w3.org/2000/svg}"
GROUPS = [
    Group("A check <direct>", (Dot("nginx", 1.0, ours=False), Dot("repeated & known", 1.2, ours=True))),
    Group("Cold", (Dot("decide alone", 0.4, ours=True), Dot("argon2id", 812.0, ours=True))),
]


def drawn(groups=GROUPS):
    return ET.fromstring(drawing("CPU time", groups))


def dots(groups=GROUPS):
    return [
        (float(dot.get("cx")), float(dot.get("cy")), dot.get("class")) for dot in drawn(groups).iter(SVG + "circle")
    ]


def words():
    return ["".join(text.itertext()) for text in drawn().iter(SVG + "text")]


def test_every_row_has_a_dot_and_its_ratio_in_words():
    assert len(dots()) == 4
    assert {"repeated & known", "1.20 x", "argon2id", "812 x", "A check <direct>"} <= set(words())


def test_a_larger_ratio_is_further_to_the_right():
    by_x = [x for x, _, _ in dots()]
    decide, nginx, repeated, cold = by_x[2], by_x[0], by_x[1], by_x[3]
    assert LABEL <= decide < nginx < repeated < cold <= WIDTH - RIGHT


def test_rows_stand_below_each_other_on_the_page():
    ys = [y for _, y, _ in dots()]
    assert ys == sorted(ys)
    assert len(set(ys)) == 4
    assert ys[-1] < float(drawn().get("viewBox").split()[3])


def test_the_gateways_own_rows_have_a_colour_of_their_own():
    assert [kind for _, _, kind in dots()] == ["theirs", "ours", "ours", "ours"]


def test_a_stem_begins_where_the_ratio_is_one():
    x_of_one = dots()[0][0]
    stems = [line for line in drawn().iter(SVG + "line") if line.get("class") in {"ours", "theirs"}]
    assert {float(stem.get("x1")) for stem in stems} == {x_of_one}


@pytest.mark.parametrize("ratio", [0.002, 1.0, 3.0, 49_999.0])
def test_any_ratio_finds_its_place_on_the_scale(ratio):
    ((x, _, _),) = dots([Group("one", (Dot("row", ratio, ours=True),))])
    assert LABEL <= x <= WIDTH - RIGHT


def test_the_drawing_is_for_light_and_dark_pages_and_for_readers_who_do_not_see_it():
    text = drawing("CPU time", GROUPS)
    assert "prefers-color-scheme: dark" in text
    assert drawn().find(SVG + "desc").text.startswith("nginx: 1.00; repeated & known: 1.20")
