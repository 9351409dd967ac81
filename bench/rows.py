"""The rows: who is asked what, in rounds that take turns, so that a slow minute of the machine is in all of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from bench import heads
from bench.accounts import rss_mb
from bench.figures import Latency, Quantiles, Row, Sample
from bench.loader import Closed, Stream, measure, open_loop
from bench.servers import Server

ALLOWED = (200, 204)
REFUSED = (401, 429)
SETTLE = 300  # answers before each round that are not counted
COLD_S, COLD_CONNECTIONS = 300.0, 4  # the longest that one round of argon2 may take, and who asks for it
VALID_PER_S, WRONG_PER_S = 1_000, 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured."""

    tokens: int = 10_000
    routes: int = 10_000
    few_routes: int = 100
    rounds: int = 7
    round_s: float = 0.6
    latency_rounds: int = 5
    latency_s: float = 2.0
    starts: int = 5
    wrong_tokens: int = 30_000

    @classmethod
    def quick(cls) -> "Scale":
        """About a minute, for whoever changes the check path: shows large differences only."""
        return cls(
            tokens=500,
            routes=1_000,
            rounds=3,
            round_s=0.3,
            latency_rounds=2,
            latency_s=1.0,
            starts=1,
            wrong_tokens=3_000,
        )


@dataclass(slots=True, kw_only=True)
class Case:
    """One row to be measured: whom to ask, what, and which answers are right. `servers`: whose CPU time counts."""

    key: str
    name: str
    port: int
    servers: Sequence[Server]
    heads: Iterator[bytes]
    statuses: Sequence[int] = ALLOWED
    samples: list[Sample] = field(default_factory=list)

    def round(self, seconds: float) -> None:
        """Measure once more, over connections of its own."""
        load = Closed(self.port)
        try:
            load.ask(self.heads, self.statuses, times=SETTLE, seconds=seconds / 4, is_patient=True)
            pids = [pid for server in self.servers for pid in server.pids]
            self.samples.append(
                measure(load, self.heads, statuses=self.statuses, pids=pids, times=1 << 30, seconds=seconds)
            )
        finally:
            load.close()

    def each_once(self, tokens: Sequence[str]) -> None:
        """Measure the first check of each of these tokens.

        Over few connections: two threads hash, and what waits for them longer than a proxy would is refused as
        `unavailable`. On a machine that is busy otherwise that may happen all the same, and is asked again.
        """
        load, asked = Closed(self.port, COLD_CONNECTIONS), heads.distinct(tokens)
        try:
            pids = [pid for server in self.servers for pid in server.pids]
            self.samples.append(
                measure(
                    load,
                    asked,
                    statuses=self.statuses,
                    pids=pids,
                    times=len(tokens),
                    seconds=COLD_S,
                    is_patient=True,
                )
            )
        finally:
            load.close()

    def row(self, baseline: "Case") -> Row:
        """What was measured."""
        return Row(
            key=self.key,
            name=self.name,
            samples=tuple(self.samples),
            baseline=tuple(baseline.samples),
            rss_mb=self.rss_mb(),
        )

    def rss_mb(self) -> tuple[float, ...]:
        """The servers' resident memory at this moment."""
        return rss_mb(pid for server in self.servers for pid in server.pids)


def in_turns(cases: Sequence[Case], scale: Scale, tell: Callable[[str], None]) -> tuple[Row, ...]:
    """Measure all cases in each round; the first one is what the others are compared with."""
    for number in range(scale.rounds):
        for case in cases:
            case.round(scale.round_s)
        tell(f"round {number + 1} of {scale.rounds}")
    return tuple(case.row(cases[0]) for case in cases)


def cold(constant: Case, first: Case, next_two: Case, tokens: Sequence[str], scale: Scale) -> tuple[Row, Row, Row]:
    """Ask thrice for every token, some in each round: with argon2, and twice until all of it is remembered."""
    share = -(-len(tokens) // scale.rounds)
    for begin in range(0, len(tokens), share):
        constant.round(scale.round_s / 2)
        some = tokens[begin : begin + share]
        first.each_once(some)
        next_two.each_once([*some, *some])
    return constant.row(constant), first.row(constant), next_two.row(constant)


def constant_case(server: Server, token: str, key: str) -> Case:
    """nginx answering a constant, asked as a gateway is."""
    name = "nginx, `return 204` with four headers"
    return Case(key=key, name=name, port=server.port, servers=[server], heads=heads.distinct([token]))


def alone(key: str, name: str, rounds: Sequence[float], baseline: Sequence[Sample]) -> Row:
    """A step of a check, timed in this process, beside rounds of nginx."""
    samples = tuple(Sample(cpu_us=took, busy=1.0) for took in rounds)
    return Row(key=key, name=name, samples=samples, baseline=tuple(baseline))


def parts(whole: Row, steps: Sequence[Row]) -> tuple[Row, ...]:
    """The steps of a row, and the rest of it, which no step accounts for."""
    rest = tuple(
        Sample(cpu_us=sample.cpu_us - sum(step.samples[number].cpu_us for step in steps), busy=sample.busy)
        for number, sample in enumerate(whole.samples)
    )
    name = "all else: the sockets, the event loop, caches, limits, counting"
    return (*steps, replace(whole, key="rest", name=name, samples=rest, rss_mb=()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Requests at a constant rate, for latencies; `wrong_port` gets wrong secrets beside them."""

    key: str
    name: str
    port: int
    heads: Iterator[bytes]
    wrong: Iterator[bytes] | None = None


def latencies(calls: Sequence[Calls], scale: Scale, tell: Callable[[str], None]) -> tuple[Latency, ...]:
    """Measure all of them in each round, at `VALID_PER_S`."""
    rounds: dict[str, list[Quantiles]] = {call.key: [] for call in calls}
    for number in range(scale.latency_rounds):
        for call in calls:
            asked = Stream(port=call.port, rate_per_s=VALID_PER_S, heads=call.heads, statuses=ALLOWED)
            streams = [asked]
            if call.wrong is not None:
                streams.append(Stream(port=call.port, rate_per_s=WRONG_PER_S, heads=call.wrong, statuses=REFUSED))
            open_loop([replace(stream, latencies_s=[]) for stream in streams], 0.3)
            open_loop(streams, scale.latency_s)
            rounds[call.key].append(Quantiles.of(asked.latencies_s))
        tell(f"latencies, round {number + 1} of {scale.latency_rounds}")
    return tuple(
        Latency(key=call.key, name=call.name, rate_per_s=VALID_PER_S, rounds=tuple(rounds[call.key])) for call in calls
    )
