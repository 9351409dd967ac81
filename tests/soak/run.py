"""A soak: `serve --workers 2` under mixed load and churn for a while, and what has to hold when it is over."""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.installation import Installation
from tests.post_office import PostOffice
from tests.process.serving import Serving
from tests.soak.churn import Churn
from tests.soak.ledger import Ledger
from tests.soak.load import Asker, Filler, Person, Proxy, Stranger
from tests.soak.roster import Roster
from tests.soak.watch import Series, Watch

PASSWORD = "copper lantern zebra kiosk"
STABLE = 8  # tokens that nobody touches: not one of their checks may be refused
QUIET_S = 2.5
UNAVAILABLE = 0.01  # of all checks, on a machine that others keep busy: deadlines are told as what they are
BUSY = 503  # where more people sign in at once than can be hashed for
COUNTED = re.compile(r'^token_gateway_checks_total\{.*reason="([a-z_]+)",status="(\d+)"\} (\S+)$', re.MULTILINE)


@dataclass
class Soaked:
    """What a soak saw. `uses`: what the database counts, by handle; `counted`: what the metrics do, by status."""

    seconds: float
    ledger: Ledger
    churn: Counter[str]
    series: dict[tuple[str, int], Series]
    counted: Counter[str]
    uses: dict[str, int]
    refusals_in_audit: int
    audit_verifies: bool
    audit_rows: int
    mails: int
    exit_code: int
    errors: list[str]
    warm_up_s: float
    reasons: Counter[str] = field(default_factory=Counter)

    def settled(self) -> dict[str, Series]:
        """The series after the warm-up, by role."""
        return {role: series.since(self.warm_up_s) for (role, _), series in self.series.items()}

    def faults(self, *, mb_per_minute: float | None, mb_grown: float, descriptors: int = 0) -> list[str]:
        """What did not hold, in words; nothing when all did. `mb_per_minute` None: too short for a slope.

        `descriptors`: so many more there may be, where the pools of connections to the store are not full yet.
        """
        return [*self._miscounted(), *self._misjudged(), *self._grown(mb_per_minute, mb_grown, descriptors)]

    def _miscounted(self) -> Iterator[str]:
        allowed, refused = self.ledger.allowed, self.ledger.refused
        judged = refused.total() - refused["unavailable"] + self.ledger.refused_at_portal
        wrong = {
            name: (allowed[name], self.uses.get(name, 0))
            for name in sorted({*allowed, *self.uses})
            if allowed[name] != self.uses.get(name, 0)
        }
        if wrong:
            yield f"uses counted are not the Allows received: {wrong}"
        if self.counted.total() != self.ledger.checks:
            yield f"the metrics count {self.counted.total()} checks, and {self.ledger.checks} were answered"
        if self.counted["200"] != allowed.total():
            yield f"the metrics count {self.counted['200']} Allows of {allowed.total()}"
        if self.refusals_in_audit != judged:
            yield f"the audit counts {self.refusals_in_audit} refusals of {judged}"

    def _misjudged(self) -> Iterator[str]:
        wrongly = {reason: count for reason, count in self.ledger.stable_refused.items() if reason != "unavailable"}
        if wrongly:
            yield f"tokens that nobody touched were refused: {wrongly}"
        if self.ledger.refused["unavailable"] > self.ledger.checks * UNAVAILABLE:
            yield f"{self.ledger.refused['unavailable']} checks were answered with unavailable"
        if not self.audit_verifies:
            yield "the audit does not verify"
        if self.exit_code != 0:
            yield f"it ended with {self.exit_code}"
        if any(status >= 500 and status != BUSY for status in self.ledger.api):
            yield f"the API failed: {dict(self.ledger.api)}"
        if len(self.series) != len(self.settled()):
            yield f"a process was started again: {sorted(self.series)}"
        yield from (f"the log has an error: {line}" for line in self.errors[:3])

    def _grown(self, mb_per_minute: float | None, mb_grown: float, descriptors: int) -> Iterator[str]:
        for role, series in self.settled().items():
            if series.descriptors_grown > descriptors:
                yield f"{role} has {series.descriptors_grown} descriptors more"
            if series.mb_grown > mb_grown:
                yield f"{role} grew by {series.mb_grown:.1f} MB"
            if mb_per_minute is not None and series.mb_per_minute > mb_per_minute:
                yield f"{role} grows by {series.mb_per_minute:.2f} MB a minute"


def soak(
    installation: Installation,
    office: PostOffice,
    *,
    seconds: float,
    warm_up_s: float,
    fill: int,
    say: Callable[[str], object],
) -> Soaked:
    """Run it; the gateway has ended when this returns. `fill`: so many distinct heads, first, to fill the caches."""
    serving = Serving(installation, "--workers", "2")
    mail = f"mail: {{host: 127.0.0.1, port: {office.port}, security: none, from: gw@example.org}}\n"
    installation.config.write_text(mail + serving.base().rstrip("\n") + "\n", "utf-8")
    installation.ok("user", "add", "bob", "--group", "staff", "--email", "bob@example.org")
    installation.ok("app", "add", "cron", "--group", "staff", "--contact", "ops@example.org")
    installation.ok("user", "passwd", "alice", "--stdin", "--no-must-change", stdin=PASSWORD + "\n")
    roster = Roster([installation.token(f"stable-{number}") for number in range(STABLE)], PASSWORD)
    serving.start()
    assert serving.process is not None
    stop, unwatch = threading.Event(), threading.Event()
    askers: list[Asker] = [
        kind(serving, roster, stop, seed) for seed, kind in enumerate((Proxy, Proxy, Proxy, Stranger, Person))
    ]
    askers.append(Filler(serving, roster, stop, len(askers), heads=fill))
    churn, watch = Churn(installation, roster, seed=7), Watch(serving.process.pid, unwatch, min(1.0, seconds / 60))
    began = time.monotonic()
    try:
        watch.start()
        for asker in askers:
            asker.start()
        churn.each()
        told = began
        while time.monotonic() - began < seconds:
            churn.turn()
            time.sleep(0.05)
            if time.monotonic() - told >= 30:
                told = time.monotonic()
                say(f"{told - began:.0f} s: {churn.done.total()} changes")
            for asker in askers:
                if asker.fault is not None:
                    raise AssertionError(f"{asker.name} broke off: {asker.fault!r}") from asker.fault
    finally:
        stop.set()
        for asker in askers:
            asker.join(30)
        took = time.monotonic() - began
        metrics = serving.get(serving.ops, "/metrics")[2].decode() if serving.process.poll() is None else ""
        time.sleep(QUIET_S)  # the last samples are of a gateway that nobody asks
        unwatch.set()
        watch.join(10)
        code = serving.stop()
    for asker in askers:
        if asker.fault is not None:
            raise AssertionError(f"{asker.name} broke off: {asker.fault!r}") from asker.fault
    counted: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for reason, status, value in COUNTED.findall(metrics):
        counted[status] += int(float(value))
        reasons[reason] += int(float(value))
    letter = {"personal": "p", "application": "a"}
    rows = installation.rows("SELECT t.kind, t.id, u.total FROM tokens t JOIN usage u ON u.token_id = t.id")
    refused = "('token_refused', 'stale_secret_used', 'refused_unknown')"
    told_of = f"SELECT coalesce(sum(json_extract(detail, '$.count')), 0) FROM audit WHERE action IN {refused}"
    return Soaked(
        seconds=took,
        ledger=sum((asker.ledger for asker in askers), Ledger()),
        churn=churn.done,
        series=watch.series,
        counted=counted,
        reasons=reasons,
        uses={f"tg{letter[kind]}_{token_id}": total for kind, token_id, total in rows if total},
        refusals_in_audit=installation.rows(told_of)[0][0],
        audit_verifies=installation.run("audit", "verify").code == 0,
        audit_rows=installation.rows("SELECT count(*) FROM audit")[0][0],
        mails=len(office.mails),
        exit_code=code,
        errors=[str(line) for line in serving.lines() if line.get("level") in {"error", "critical"}],
        warm_up_s=warm_up_s,
    )
