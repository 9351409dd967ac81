"""One whole run: start the servers, measure the rows, stop everything, hand back the results."""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import median

from bench import heads, servers
from bench.accounts import machine_s, own_s
from bench.core import cpu_us, decision, policy, steps
from bench.figures import Results, Row, Table
from bench.installation import Installation, install, unknown_token, wrong_secret
from bench.promises import promises
from bench.proxies import Proxy, nginx_front, traefik_front
from bench.rows import Calls, Case, Scale, alone, cold, constant_case, in_turns, latencies, parts
from bench.servers import Server
from bench.versions import versions

TO_CONSTANT = "nginx 204"
WAY_NAMES = {
    "open": "without auth",
    "apr1": "with its own basic auth, apr1",
    "bcrypt": "with its own basic auth, bcrypt",
    "gateway": "with the gateway",
    "unix": "with the gateway, over a unix socket",
    "floor": "with the same config, asking `return 204` in place of the gateway",
}


TRAEFIK = (
    "Traefik keeps two idle connections to the gateway, and no option of its forwardAuth names another number: of "
    "checks at the same time, most take a new connection, which costs the gateway as much again as the check itself."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What all parts of the run share: the servers that stay up, and the sizes."""

    folder: Path
    scale: Scale
    installation: Installation
    constant: Server
    few: Server
    core: int
    tell: Callable[[str], None]

    @property
    def token(self) -> str:
        """The one token of the rows that need no other."""
        return self.installation.tokens[0]

    def case(self, key: str, name: str, server: Server, tokens: int = 1) -> Case:
        """Distinct URIs with that many of the tokens, on that server."""
        asked = heads.distinct(self.installation.tokens[:tokens])
        return Case(key=key, name=name, port=server.port, servers=[server], heads=asked)

    def started(self, name: str, *, routes: int, argv: tuple[str, ...] = ("serve",), stack: ExitStack) -> Server:
        """A gateway on a copy of the installation, answering."""
        copied = self.installation.copied(self.folder / name)
        server = servers.gateway(copied, stack, routes=routes, core=self.core, argv=argv)
        return servers.first_answer(server, heads.check("/api/x", self.token), copied.folder / "serve.log")


def run(folder: Path, scale: Scale, tell: Callable[[str], None]) -> Results:
    """Measure everything. The calling process has to be on the load's core."""
    began, date = time.monotonic(), datetime.now(UTC).date().isoformat()
    machine, own = machine_s(), own_s()
    server_core, load_core = servers.cores()
    with ExitStack() as stack:
        tell(f"installing {scale.tokens:,} tokens")
        pristine = install(folder / "pristine", scale.tokens)
        tell(f"start to first answer, {scale.starts} times")
        start_s = median(
            _start_s(pristine.copied(folder / f"start-{number}"), scale, server_core) for number in range(scale.starts)
        )
        constant = servers.constant(folder / "constant", stack, core=server_core)
        few = pristine.copied(folder / "few")
        server = servers.gateway(few, stack, routes=scale.few_routes, core=server_core)
        servers.first_answer(server, heads.check("/api/x", few.tokens[0]), few.folder / "serve.log")
        stage = Stage(
            folder=folder,
            scale=scale,
            installation=pristine,
            constant=constant,
            few=server,
            core=server_core,
            tell=tell,
        )
        app = servers.app(folder / "app", stack, core=load_core)
        nginx = nginx_front(folder / "nginx", few, app.port, stack, core=server_core, constant_port=constant.port)
        traefik = traefik_front(folder / "traefik", few, app.port, stack, core=server_core)

        tables, rows = _checks(stage)
        behind = [_end_to_end(stage, nginx, "nginx"), _end_to_end(stage, traefik, "Traefik")]
        rows += [row for table in behind for row in table.rows]
        timed = latencies(_calls(stage, nginx, traefik), scale, tell)
    took_s = time.monotonic() - began
    return Results(
        date=date,
        versions=versions(),
        promises=promises(rows, timed, start_s),
        tables=(*tables, *behind),
        latencies=timed,
        took_s=took_s,
        others=(machine_s() - machine - (own_s() - own)) / took_s / (os.cpu_count() or 1),
    )


def _start_s(installation: Installation, scale: Scale, core: int) -> float:
    """Seconds from the start of `serve` to its first answer."""
    with ExitStack() as stack:
        began = time.monotonic()
        server = servers.gateway(installation, stack, routes=scale.few_routes, core=core)
        log = installation.folder / "serve.log"
        servers.first_answer(server, heads.check("/api/x", installation.tokens[0]), log)
        return time.monotonic() - began


def _checks(stage: Stage) -> tuple[list[Table], list[Row]]:
    """The rows that ask a gateway directly, few routes first, then with all tokens known, then what is refused."""
    scale = stage.scale
    one, many = f"{scale.few_routes:,} routes", f"{scale.routes:,} routes"
    known = f"{scale.tokens:,} tokens"
    with ExitStack() as stack:
        wide = stage.started("wide", routes=scale.routes, stack=stack)
        constant = constant_case(stage.constant, stage.token, "constant")
        rules = policy(scale.few_routes)
        decided = [cpu_us(lambda: decision(rules)) for _ in range(scale.rounds)]
        first = [
            constant,
            *_aiohttp(stage, stack),
            Case(
                key="repeated",
                name=f"the same head again and again, {one}",
                port=stage.few.port,
                servers=[stage.few],
                heads=heads.repeated(heads.check("/api/items/1?page=2", stage.token)),
            ),
            stage.case("distinct", f"distinct URIs, {one}", stage.few),
            stage.case("routes", f"distinct URIs, {many}", wide),
            *_workers(stage, stack, one),
        ]
        measured = list(in_turns(first, scale, stage.tell))
        measured.insert(1, alone("decide", f"decide alone, {one}", decided, constant.samples))
        distinct = next(row for row in measured if row.key == "distinct")
        asked = heads.check("/api/items/1?page=2", stage.token)
        inside = parts(
            distinct,
            [
                alone(f"step-{name}", name, [cpu_us(work) for _ in range(scale.rounds)], constant.samples)
                for name, work in steps(rules, asked)
            ],
        )

        stage.tell("the first check of every token")
        tokens = stage.installation.tokens
        again = constant_case(stage.constant, stage.token, "constant-cold")
        with servers.on_all_cores(stage.few, stage.core):
            first_check = stage.case("cold", "first check of a token, argon2id", stage.few)
            next_two = stage.case("next-two", "its second and third, which are judged and learned from", stage.few)
            chilled = cold(again, first_check, next_two, tokens, scale)
        worker = stage.started("worker", routes=scale.few_routes, argv=("serve", "--workers", "1"), stack=stack)
        for server in (wide, worker):
            stage.tell("the same for another gateway, not measured")
            with servers.on_all_cores(server, stage.core):
                stage.case("", "", server).each_once([*tokens] * 3)
        second = [
            constant_case(stage.constant, stage.token, "constant-warm"),
            stage.case("distinct-again", f"distinct URIs, {one}, one token", stage.few),
            stage.case("tokens", f"distinct URIs, {one}, {known}", stage.few, len(tokens)),
            stage.case("worker", f"distinct URIs, {one}, {known}, `--workers 1`", worker, len(tokens)),
            stage.case("both", f"distinct URIs, {many}, {known}", wide, len(tokens)),
        ]
        filled = in_turns(second, scale, stage.tell)
    stage.tell("preparing wrong tokens")
    refused = in_turns(_wrong(stage), scale, stage.tell)
    tables = [
        Table(
            title="A check",
            about="Asked directly, as Traefik asks, with one token.",
            ratio_to=TO_CONSTANT,
            rows=tuple(measured),
        ),
        Table(
            title="Where the time goes",
            about=f"A check with a new URI ({one}), step by step; the steps are timed by themselves, in one process.",
            ratio_to=TO_CONSTANT,
            rows=inside,
            is_drawn=False,
        ),
        Table(
            title="Many tokens",
            about="The first checks of each token; then, with all of them known, every check with another one.",
            ratio_to=TO_CONSTANT,
            rows=(*chilled[1:], *filled),
        ),
        Table(
            title="Refusals at full speed",
            about="Tokens that are spelled right and are not right.",
            ratio_to=TO_CONSTANT,
            rows=refused,
        ),
    ]
    return tables, [*measured, *inside, *chilled, *filled, *refused]


def _aiohttp(stage: Stage, stack: ExitStack) -> list[Case]:
    copied = stage.installation.copied(stage.folder / "aiohttp")
    server = servers.aiohttp_lane(copied, stack, routes=stage.scale.few_routes, core=stage.core)
    servers.first_answer(server, heads.check("/api/x", stage.token), copied.folder / "serve.log")
    return [stage.case("aiohttp", f"aiohttp lane, distinct URIs, {stage.scale.few_routes:,} routes", server)]


def _workers(stage: Stage, stack: ExitStack, one: str) -> list[Case]:
    server = stage.started("workers", routes=stage.scale.few_routes, argv=("serve", "--workers", "2"), stack=stack)
    return [stage.case("workers", f"distinct URIs, {one}, `--workers 2`", server)]


def _wrong(stage: Stage) -> list[Case]:
    """Refusals, each on the same server; the addresses of the first kind are one network to any limit."""
    many, tokens, path = stage.scale.wrong_tokens, stage.installation.tokens, "/api/items/1"
    address = heads.addresses()
    same = heads.repeated(heads.check(path, unknown_token(), "192.0.2.9"))
    one = (heads.check(path, unknown_token(), "198.51.100.9") for _ in range(many))
    spread = (heads.check(path, unknown_token(), next(address)) for _ in range(many))
    secrets = (heads.check(path, wrong_secret(tokens[at % len(tokens)]), next(address)) for at in range(many))
    kinds = (
        ("same-unknown", "one unknown id again and again, from one network", same),
        ("unknown", "unknown ids, no two alike, from one network", heads.prepared(one)),
        ("unknown-spread", "unknown ids, each from another network", heads.prepared(spread)),
        ("wrong-secret", "wrong secrets for real ids, each from another network", heads.prepared(secrets)),
    )
    asked = [
        Case(key=key, name=name, port=stage.few.port, servers=[stage.few], heads=sent, statuses=(401, 429))
        for key, name, sent in kinds
    ]
    return [constant_case(stage.constant, stage.token, "constant-refused"), *asked]


def _end_to_end(stage: Stage, proxy: Proxy, name: str) -> Table:
    asked = {"gateway": [stage.few], "unix": [stage.few], "floor": [stage.constant]}
    cases = [
        Case(
            key=f"{name.lower()}-{way}",
            name=f"{name} {WAY_NAMES[way]}",
            port=proxy.ports[way],
            servers=[proxy.server, *asked.get(way, ())],
            heads=heads.request(heads.authorization(way, stage.token)),
        )
        for way in proxy.ports
    ]
    stage.tell(f"end to end through {name}")
    about = "A client's request through the proxy to an app and back; the CPU time of proxy and gateway together."
    return Table(
        title=f"End to end through {name}",
        about=f"{about} {TRAEFIK}" if name == "Traefik" else about,
        ratio_to=f"{name} without auth",
        rows=in_turns(cases, stage.scale, stage.tell),
    )


def _calls(stage: Stage, nginx: Proxy, traefik: Proxy) -> list[Calls]:
    tokens = stage.installation.tokens
    address = heads.addresses()
    wrong = (heads.check("/api/x", wrong_secret(token), next(address)) for token in islice(tokens, 10_000))
    few = stage.few.port
    calls = [
        Calls(
            key="constant",
            name="nginx, `return 204`",
            port=stage.constant.port,
            heads=heads.distinct(tokens[:1]),
        ),
        Calls(key="quiet", name="a check, valid tokens", port=few, heads=heads.distinct(tokens)),
        Calls(
            key="siege",
            name="the same while 1,000 wrong secrets a second arrive",
            port=few,
            heads=heads.distinct(tokens),
            wrong=heads.prepared(wrong),
        ),
    ]
    for name, proxy in (("nginx", nginx), ("Traefik", traefik)):
        for way in ("open", "apr1", "gateway"):
            sent = heads.request(heads.authorization(way, stage.token))
            key, words = f"{name.lower()}-{way}", f"{name} {WAY_NAMES[way]}"
            calls.append(Calls(key=key, name=words, port=proxy.ports[way], heads=sent))
    return calls
