"""`make soak MINUTES=n`: one long soak, printed and written into docs/assurance.md. Exit 1: a promise broke."""

import os
import sys
import tempfile
from pathlib import Path

from tests.assurance import minutes, today, write_section
from tests.installation import an_installation
from tests.post_office import post_office
from tests.soak.run import Soaked, soak

FILL = 40_000  # more distinct heads than two workers remember
WARM_UP_S = 150.0
SHORTEST_S = 240.0
# Allocators keep what they were given for a while: a process that leaks a kilobyte a second is over this.
MB_PER_MINUTE, MB_GROWN = 1.0, 8.0


def section(soaked: Soaked, faults: list[str]) -> str:
    """The result, for people."""
    ledger, names = soaked.ledger, sorted(soaked.settled().items())
    rows = [
        f"| {role} | {series.rss_mb[0]:.1f} | {series.rss_mb[-1]:.1f} | {series.mb_per_minute:+.2f} | "
        f"{series.descriptors[-1]} ({series.descriptors_grown:+d}) |"
        for role, series in names
    ]
    done = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(soaked.churn.items()))
    refused = ", ".join(f"{count:,} `{name}`" for name, count in sorted(ledger.refused.items()))
    verdict = "**Every promise held.**" if not faults else f"**Broken:** {'; '.join(faults)}."
    answered = f"{ledger.checks:,} checks over connections that came and went: {ledger.allowed.total():,} Allows"
    uses = f"Uses in the database are the Allows that clients received, for each of {len(soaked.uses)} tokens"
    counts = f"the metrics count {soaked.counted.total():,} checks, the audit {soaked.refusals_in_audit:,} refusals"
    strangers = f"{ledger.malformed:,} hostile heads, {ledger.dropped:,} connections left in the middle"
    failed = sum(count for status, count in ledger.api.items() if status >= 500)
    api = f"{ledger.api.total():,} requests to the API, {failed} answered with 5xx"
    bounds = f"memory grows by less than {MB_PER_MINUTE:g} MB a minute and {MB_GROWN:g} MB in all"
    lines = [
        f"{today()}: {soaked.seconds / 60:.1f} minutes of `serve --workers 2`, with API and mail. {verdict}",
        "",
        f"- {answered}; refused were {refused}.",
        f"- {uses}; {counts}.",
        f"- Of the checks with tokens that nobody touched, {ledger.stable_refused.total()} were refused.",
        f"- {strangers}; {api}; {soaked.mails} mails.",
        f"- Changes meanwhile: {done}. The audit verifies over {soaked.audit_rows:,} rows.",
        "",
        f"After a warm-up of {soaked.warm_up_s:.0f} s that fills the caches:",
        "",
        "| process | MB then | MB at the end | MB a minute | descriptors at the end, when quiet |",
        "|---|---|---|---|---|",
        *rows,
        "",
        f"Held to: {bounds}, no descriptor more, every count exact.",
    ]
    return "\n".join(lines)


def main() -> int:
    """Run it."""
    seconds = max(SHORTEST_S, minutes(default=5) * 60)
    with tempfile.TemporaryDirectory(prefix="token-gateway-soak-") as folder, post_office() as office:
        installation = an_installation(Path(folder) / "template", Path(folder) / "gw")
        soaked = soak(installation, office, seconds=seconds, warm_up_s=WARM_UP_S, fill=FILL, say=print)
    faults = soaked.faults(mb_per_minute=MB_PER_MINUTE, mb_grown=MB_GROWN)
    text = section(soaked, faults)
    print(text)
    if not os.environ.get("CI"):
        write_section("soak", text)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
