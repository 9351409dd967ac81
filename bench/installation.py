"""An installation of the measured size in a folder: configuration, key file, store with tokens. Made without the CLI,
since ten thousand commands would take an hour."""

import asyncio
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.auth.hashing import ARGON2ID, hash_token_secret
from gateway.auth.keyring import add_key, load
from gateway.core.owner import Owner, OwnerKind, StoredSecret, Token
from gateway.core.token import ENTROPY_BYTES, Kind, Secret, compose, new_id, new_secret
from gateway.store import Store, create

BRAND, HOST = "tg", "app.example.org"
TOKENS_OF_ONE, TOKENS_AT_ONCE = 100, 1_000
CONFIG_NAME, KEY_NAME, DATABASE_NAME = "token-gateway.yaml", "token-gateway.key", "token-gateway.db"

CONFIG = """\
listen: {{check: ["127.0.0.1:{check}", "unix:{socket}"], portal: "127.0.0.1:{portal}", ops: "127.0.0.1:{ops}"}}
public_url: http://localhost
trusted_proxies: ["127.0.0.1/32", unix]
store: {{url: "sqlite:///{database}"}}
key_file: {key}
groups: [staff, admins]
permissions: {{own_tokens: [everyone]}}
scopes: {{rest: REST}}
limits: {{token: 999999/s}}
identity: {{default: {{X-Auth-User: login, X-Auth-Email: email, X-Auth-Groups: groups, X-Auth-Token-Name: token_name}}}}
defaults: {{credentials: [bearer, token, basic], identity: default}}
routes:
"""
ROUTE = '  - {{host: h{host}.example.org, path: "/part{number}/**", scopes: rest}}\n'
ASKED = f'  - {{host: {HOST}, path: "/api/**", scopes: rest}}\n'


@dataclass(frozen=True, slots=True)
class Installation:
    """A folder, and the tokens that its store knows, whole."""

    folder: Path
    tokens: tuple[str, ...]

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / CONFIG_NAME

    @property
    def socket(self) -> Path:
        """Where checks are answered beside TCP."""
        return self.folder / "check.sock"

    def copied(self, folder: Path) -> "Installation":
        """The same installation elsewhere. Nobody may have its store open."""
        shutil.copytree(self.folder, folder)
        return Installation(folder, self.tokens)

    def configure(self, *, check: int, portal: int, ops: int, routes: int) -> None:
        """Write the configuration. That many routes, over a tenth as many hosts; the one that is asked for is last."""
        settings = CONFIG.format(
            check=check, socket=self.socket, portal=portal, ops=ops, database=DATABASE_NAME, key=KEY_NAME
        )
        hosts = max(routes // 10, 1)
        others = (ROUTE.format(host=number % hosts, number=number) for number in range(routes - 1))
        self.config.write_text(settings + "".join(others) + ASKED, "utf-8")


def install(folder: Path, tokens: int) -> Installation:
    """Make the key file and the store, with that many tokens of a hundredth as many users.

    The tokens differ in their ids and share one secret, hashed once: 10,000 hashes would take most of a minute here,
    and to the check a secret is as cold under every id.
    """
    folder.mkdir()
    add_key(folder / KEY_NAME)
    return Installation(folder, asyncio.run(_fill(folder, tokens)))


async def _fill(folder: Path, count: int) -> tuple[str, ...]:
    url, keys = f"sqlite:///{folder / DATABASE_NAME}", load(folder / KEY_NAME).keys
    await create(url, brand=BRAND, keys=keys, now=_now)
    store = await Store.open(url, now=_now, keys=keys, brand=BRAND)
    secret = new_secret(secrets.token_bytes(ENTROPY_BYTES))
    hashed, tag = hash_token_secret(secret), keys[0].tag(secret.reveal())
    whole: list[str] = []
    try:
        for begin in range(0, count, TOKENS_AT_ONCE):
            async with store.change(actor="bench") as change:
                for number in range(begin, min(begin + TOKENS_AT_ONCE, count)):
                    owner = f"o{number // TOKENS_OF_ONE:05d}"
                    if number % TOKENS_OF_ONE == 0:
                        await change.add_owner(_user(owner, number // TOKENS_OF_ONE))
                    token = _token(owner, number)
                    await change.add_token(
                        token,
                        StoredSecret(
                            row=0,
                            token_id=token.id,
                            scheme=ARGON2ID,
                            hash=hashed,
                            key_id=keys[0].id,
                            tag=tag,
                            created_at=change.at,
                        ),
                    )
                    whole.append(compose(BRAND, Kind.PERSONAL, token.id, secret).reveal())
    finally:
        await store.close()
    return tuple(whole)


def _user(owner: str, number: int) -> Owner:
    login = f"user{number}"
    return Owner(id=owner, kind=OwnerKind.USER, login=login, email=f"{login}@example.org", groups=("admins", "staff"))


def _token(owner: str, number: int) -> Token:
    return Token(
        id=new_id(secrets.token_bytes(ENTROPY_BYTES)),
        kind=Kind.PERSONAL,
        owner_id=owner,
        name=f"token {number}",
        scopes=frozenset({"rest"}),
        created_at=_now(),
        expires_at=_now() + timedelta(days=90),
    )


def unknown_token() -> str:
    """A token of this brand, spelled right, that no store knows."""
    id_, secret = new_id(secrets.token_bytes(ENTROPY_BYTES)), new_secret(secrets.token_bytes(ENTROPY_BYTES))
    return compose(BRAND, Kind.PERSONAL, id_, secret).reveal()


def wrong_secret(token: str) -> str:
    """The token's id with another secret, spelled right."""
    id_ = token.split("_")[1]
    secret: Secret = new_secret(secrets.token_bytes(ENTROPY_BYTES))
    return compose(BRAND, Kind.PERSONAL, id_, secret).reveal()


def _now() -> datetime:
    return datetime.now(UTC)
