"""docs/benchmarks.md out of the results. Pure: the same results make the same page."""

from collections.abc import Iterable, Sequence
from itertools import chain

from bench.figures import Latency, Promise, Results, Row, Table

UNITS = {"x": " x", "MB": " MB", "s": " s"}

INTRODUCTION = """\
# Benchmarks

What a check costs, measured by `make bench` on {date}, in {minutes} minutes. This page is written by that command; no
figure in it is set by hand.

**CPU time, not requests a second.** Every figure is the CPU time that the server's processes spent for one answer, in
user and in kernel, as the kernel accounts it, children included. That holds on a busy machine and a slow network, and
it is what a check takes from the machine. Microseconds depend on the machine; the ratios much less so. Ratios are to
nginx in the same run: the median over rounds in which all rows took turns.

![CPU time of one check, as a ratio to nginx](benchmarks.svg)
"""

METHOD = """\
## How it is measured, and how to repeat it

    make bench            # everything, under ten minutes; writes this page and its drawing
    make bench QUICK=1    # about a minute, smaller sizes, fewer rounds; only prints

It needs Linux and what `make install-dev` installs, and takes Debian's nginx where there is one.

- The servers run on one core, the load on another. The load keeps {connections} connections open with one unanswered
  request on each, as proxies do; a new head goes out when an answer has come. "Busy" says how much of its core the
  server used: a server that waits for the load has more wake-ups to pay for.
- `nginx, return 204` gets the same bytes as the gateway and answers four headers, without a log. It is the cheapest
  answer there is: an identity that never changes, for everybody.
- The gateway runs as `token-gateway serve`, in one process where the row says nothing else, on its default settings,
  with four identity headers and a rate for each token that is counted and never reached. Usage is counted, metrics are
  kept and refusals logged and audited, as always.
- Tokens are put into the store in bulk; they share one secret, under as many ids. The first check of a token reads its
  row from the store and computes its argon2id.
- Behind a proxy, the proxy's and the gateway's CPU time count together; the app, which answers a constant from another
  core, does not. The connections from the proxy to the app and to the gateway stay open. The basic password is hashed
  with apr1 as `openssl passwd -apr1` does it, and with bcrypt at cost 5, as `htpasswd -B` does it.
- Latencies are taken at a constant {rate:,} requests a second, each from the moment when it was due and not when it
  could be sent, so that a stall counts for every request it held up. They are the median of the rounds.
- Memory is what is resident after the row's last round; where there are several processes, that of the largest check
  worker and in brackets the sum.
"""


def page(results: Results, *, connections: int) -> str:
    """The page, in Markdown."""
    rates = results.latencies[0].rate_per_s
    parts: Iterable[str] = (
        INTRODUCTION.format(date=results.date, minutes=_minutes(results.took_s)),
        _versions(results),
        _promises(results.promises),
        *(_table(table) for table in results.tables),
        _latencies(results.latencies),
        METHOD.format(connections=connections, rate=rates),
    )
    return "\n".join(parts)


def _minutes(seconds: float) -> str:
    return f"{max(seconds / 60, 0.1):.1f}"


def _versions(results: Results) -> str:
    names = ", ".join(f"{name} {version}" for name, version in results.versions)
    others = f"Other programs took {results.others * 100:.0f} % of the machine's CPU time meanwhile"
    return f"Measured with {names}. {others}; what they disturb most is latencies.\n"


def _promises(promises: Sequence[Promise]) -> str:
    held = sum(promise.holds for promise in promises)
    lines = (
        (promise.what, _amount(promise.limit, promise), _amount(promise.measured, promise), _verdict(promise))
        for promise in promises
    )
    heading = f"## What it was built to reach\n\n{held} of {len(promises)} hold.\n"
    missed = [f"- **{promise.what}**: {promise.why}\n" for promise in promises if promise.why and not promise.holds]
    answers = ["### What keeps the others from it\n", *missed] if missed else []
    return "\n".join((heading, _lines(("", "at most", "measured", "holds"), lines, "lrrl"), *answers))


def _amount(value: float, promise: Promise) -> str:
    digits = 0 if promise.unit == "MB" else 2
    return f"{value:.{digits}f}{UNITS[promise.unit]}"


def _verdict(promise: Promise) -> str:
    return "yes" if promise.holds else "**no**"


def _table(table: Table) -> str:
    heads = ("", "CPU us", f"to {table.ratio_to}", "busy", "memory MB")
    lines = (
        (row.name, _us(row.cpu_us), f"{row.ratio:.2f} x", f"{row.busy * 100:.0f} %", _memory(row)) for row in table.rows
    )
    return "\n".join((f"## {table.title}\n\n{table.about}\n", _lines(heads, lines, "lrrrr")))


def _us(value: float) -> str:
    return f"{value:,.1f}" if value < 1_000 else f"{value:,.0f}"


def _memory(row: Row) -> str:
    if not row.rss_mb:
        return ""
    largest, total = row.rss_mb[0], sum(row.rss_mb)
    return f"{largest:.0f}" if len(row.rss_mb) == 1 else f"{largest:.0f} ({total:.0f})"


def _latencies(latencies: Sequence[Latency]) -> str:
    about = f"At a constant {latencies[0].rate_per_s:,} requests a second, in milliseconds.\n"
    lines = (
        (one.name, *(f"{value / 1000:.2f}" for value in (one.median.p50, one.median.p95, one.median.p99)))
        for one in latencies
    )
    return "\n".join((f"## Latency\n\n{about}", _lines(("", "p50", "p95", "p99"), lines, "lrrr")))


def _lines(heads: Sequence[str], lines: Iterable[Sequence[str]], sides: str) -> str:
    rule = tuple("---:" if side == "r" else "---" for side in sides)
    rows = chain((heads, rule), lines)
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
