"""An installation in the middle of its life: people, applications, and tokens in every state, with a history of use.

Made by the use cases, at a clock that is turned back to when each thing is said to have happened. The same every time
but for what is drawn by lot: the tokens themselves.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from gateway.auth.owners import create_owner, set_enabled
from gateway.auth.power import operator
from gateway.auth.token_revoke import revoke_tokens
from gateway.auth.token_stops import suspend_tokens
from gateway.auth.tokens import Minted, rotate_token
from gateway.core.owner import OwnerKind
from gateway.core.token import handle
from gateway.store import TokenRefusal, UnknownRefusals, Use
from tests.portal.harness.house import OPERATOR, House
from tests.portal.harness.people import Person

# Uses a day, today last: a person at work, a machine that had a bad day, and one that runs at night.
WORK = (9, 14, 0, 0, 21, 17, 25, 19, 8, 0, 0, 16, 22, 31, 27, 12, 0, 0, 18, 24, 29, 35, 15, 0, 0, 23, 28, 33, 26, 11)
BUILDS = (210, 232, 88, 61, 240, 251, 263, 228, 199, 70, 58, 244, 259, 12, 0, 0, 95, 64, 271, 280, 266, 255, 219, 83)
NIGHTLY = (2,) * 30
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/604.1"
RARE = (0, 0, 1, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0)


@dataclass(kw_only=True)
class Sample:
    """Who and what there is. `tokens` by name; `path` of one is where its page is."""

    alice: Person  # a person with tokens in every state
    ada: Person  # holds every permission
    fresh: Person  # has made no token yet
    maker: Person  # makes tokens meanwhile
    initial: Person  # has to change the password first
    nils: Person  # may nothing
    bea: Person  # signs in elsewhere, and has not for long
    dan: Person  # was disabled
    passed: Person  # is given another password meanwhile
    session: str = ""  # one of alice's
    applications: dict[str, str] = field(default_factory=dict)  # ids by name
    tokens: dict[str, Minted] = field(default_factory=dict)

    def path(self, name: str, more: str = "") -> str:
        """The page of a token, or one of its pages: `path("laptop", "/edit")`."""
        made = self.tokens[name].token
        return f"/tokens/{handle('tg', made.kind, made.id)}{more}"


async def settle(house: House) -> Sample:
    """Make all of it, in a house of one's own or shared with tests that bring their own people."""
    with _at(house, days=120):
        sample = Sample(
            alice=await house.person(
                "alice",
                name="Alice Example",
                email="alice@example.org",
                groups=["staff", "developers"],
                organisations=["example-ltd", "north"],
            ),
            ada=await house.person(
                "ada",
                name="Ada Moreno",
                email="ada@example.org",
                groups=["staff", "admins"],
                organisations=["example-ltd"],
            ),
            fresh=await house.person("finn", name="Finn Okafor", email="finn@example.org"),
            maker=await house.person(
                "mara", name="Mara Lind", email="mara@example.org", groups=["staff", "developers"]
            ),
            initial=await house.person("ines", name="Ines Novak", email="ines@example.org", must_change=True),
            bea=await house.person("bea", name="Bea Ito", email="bea@example.org", sso=True),
            dan=await house.person("dan", name="Dan Fischer", email="dan@example.org"),
            passed=await house.person("pia", name="Pia Lange", email="pia@example.org"),
            nils=await house.person("nils", name="Nils Berg", email="nils@example.org", groups=[]),
        )
        await house.person("oskar", name="Oskar Lindqvist", email="oskar@example.org", organisations=["south"])
        await house.person("priya", name="Priya Raman", email="priya@example.org", groups=["staff", "developers"])
        sample.applications = {
            "nightly-export": await _application(house, "nightly-export", "Nightly export", ["staff"]),
            "build-farm": await _application(house, "build-farm", "Build farm", ["developers"]),
            "old-dashboard": await _application(house, "old-dashboard", "Old dashboard", ["staff"]),
        }
    made = sample.tokens
    with _at(house, days=110):
        made["lost laptop"] = await house.token(sample.alice, "lost laptop", "rest", expires=timedelta(days=300))
        made["old phone"] = await house.token(sample.alice, "old phone", "rest", expires=timedelta(days=107))
    with _at(house, days=84, hours=3):
        made["backup script"] = await house.token(
            sample.alice, "backup script", "rest", "export", expires=timedelta(days=89)
        )
        made["export"] = await house.token("nightly-export", "export", "rest", "export")
    with _at(house, days=61):
        made["deploys"] = await house.token("build-farm", "deploys", "pull", "push", "rest", "write")
        made["laptop"] = await house.token(sample.alice, "laptop", "rest", "write", expires=timedelta(days=366))
    with _at(house, days=23):
        made["ci pipeline"] = await house.token(
            sample.alice, "ci pipeline", "pull", "push", "rest", expires=timedelta(days=180)
        )
        made["demo for the board"] = await house.token(sample.alice, "demo for the board", "rest")
        made["ada"] = await house.token(sample.ada, "workstation", "rest", "write")
    with _at(house, days=12):
        alice = operator(sample.alice.id)
        await revoke_tokens(house.desk, actor=alice, references=[made["lost laptop"].token.id])
        await suspend_tokens(house.desk, actor=alice, references=[made["demo for the board"].token.id])
        await set_enabled(house.desk, actor=OPERATOR, kind=OwnerKind.USER, login="dan", enabled=False)
        await set_enabled(house.desk, actor=OPERATOR, kind=OwnerKind.APPLICATION, login="old-dashboard", enabled=False)
    with _at(house, minutes=25):
        made["office"] = await house.token(sample.alice, "office only", "rest", networks=["10.0.0.0/8", "192.0.2.0/24"])
        await rotate_token(house.desk, actor=alice, reference=made["ci pipeline"].token.id, grace=timedelta(hours=24))
    await _refused(house, made)
    await _used(house, made["laptop"], WORK, "192.0.2.44")
    await _used(house, made["ci pipeline"], BUILDS, "10.20.0.8")
    await _used(house, made["backup script"], RARE, "192.0.2.44")
    await _used(house, made["export"], NIGHTLY, "10.20.0.31")
    await _used(house, made["deploys"], BUILDS[::-1], "10.20.0.9")
    await _used(house, made["ada"], WORK[::-1], "2001:db8::44")
    for agent, address in (SAFARI, "192.0.2.60"), (FIREFOX, "10.20.0.77"):
        await house.cookie(replace(sample.alice, user_agent=agent, address=address))
    sample.session = (await house.desk.store.sessions(sample.alice.id))[0].id
    return sample


@contextmanager
def _at(house: House, **ago: float) -> Iterator[None]:
    house.clock.turn(**ago)
    try:
        yield
    finally:
        house.clock.turn()


async def _application(house: House, login: str, name: str, groups: Sequence[str]) -> str:
    made = await create_owner(
        house.desk,
        actor=OPERATOR,
        kind=OwnerKind.APPLICATION,
        login=login,
        name=name,
        email="platform@example.org",
        groups=groups,
    )
    return made.id


async def _refused(house: House, made: dict[str, Minted]) -> None:
    """Checks that were refused, as the check writes them down behind."""
    now = house.clock()
    span = {"first_at": now - timedelta(minutes=1), "last_at": now}
    known = [
        TokenRefusal(token_id=made[name].token.id, reason=reason, count=count, last_address=address, **of, **span)
        for name, reason, count, address, of in (
            ("old phone", "expired", 12, "192.0.2.44", {"host": "app.example.org", "route": "api-read"}),
            ("export", "insufficient_scope", 1, "10.20.0.31", {"host": "app.example.org", "route": "api-write"}),
            ("office", "network", 3, "198.51.100.7", {"host": "app.example.org", "route": "api-read"}),
            ("ci pipeline", "stale_secret", 40, "10.20.0.8", {"host": "git.example.org", "route": "git-read"}),
        )
    ]
    reasons = {"unknown_token": 31, "malformed_token": 4}
    unknown = UnknownRefusals(count=35, reasons=reasons, networks=[("203.0.113.80", 30)], **span)
    await house.desk.store.record_refusals(known, [unknown])


async def _used(house: House, minted: Minted, days: Sequence[int], address: str) -> None:
    """So many uses on each of the last days, as the check writes them behind."""
    now = house.clock()
    batch = [
        Use(
            token_id=minted.token.id,
            count=count,
            last_used_at=now - timedelta(days=len(days) - 1 - number, minutes=12),
            last_address=address,
        )
        for number, count in enumerate(days)
        if count
    ]
    for use in batch:
        await house.desk.store.record_usage([use])
