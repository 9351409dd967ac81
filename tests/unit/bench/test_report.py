"""The page that the benchmarks write."""

from dataclasses import replace

from bench.report import page
from tests.unit.bench.results import a_row, some_results


def lines_of(results=None):
    return page(results or some_results(), connections=32).splitlines()


def test_the_page_says_when_and_with_what_it_was_measured():
    text = page(some_results(), connections=32)
    assert "measured by `make bench` on 2026-11-22, in 5.0 minutes" in text
    assert "Measured with token-gateway 0.1.0, nginx 1.22.1." in text
    assert "Other programs took 3 % of the machine's CPU time meanwhile" in text


def test_a_row_shows_time_ratio_and_memory():
    assert "| distinct URIs | 1,234 | 123.45 x | 100 % | 80 |" in lines_of()


def test_of_several_processes_the_largest_and_the_sum_are_shown():
    assert "| nginx, `return 204` | 10.0 | 1.00 x | 100 % | 7 (11) |" in lines_of()


def test_a_row_without_a_process_shows_no_memory():
    results = some_results()
    alone = replace(results.tables[0], rows=(a_row("decide", name="decide alone", rss=()),))
    assert "| decide alone | 20.0 | 2.00 x | 100 % |  |" in lines_of(replace(results, tables=(alone,)))


def test_a_limit_that_holds_is_said_to_hold():
    assert "| a repeated head | 1.25 x | 1.10 x | yes |" in lines_of()
    assert "1 of 1 hold." in lines_of()


def test_a_limit_that_does_not_hold_is_said_as_plainly():
    assert "| a repeated head | 1.25 x | 1.30 x | **no** |" in lines_of(some_results(holds=False))
    assert "0 of 1 hold." in lines_of(some_results(holds=False))


def test_latencies_are_in_milliseconds():
    assert "| latency quiet | 0.10 | 0.50 | 0.90 |" in lines_of()


def test_the_page_says_how_to_repeat_it():
    text = page(some_results(), connections=32)
    assert "make bench QUICK=1" in text
    assert "keeps 32 connections open" in text


def test_every_line_of_a_table_has_as_many_cells_as_its_head():
    tables, cells = 0, 0
    for line in lines_of():
        if not line.startswith("|"):
            cells = 0
            continue
        tables += cells == 0
        cells = cells or line.count("|")
        assert line.count("|") == cells, line
    assert tables == 3
