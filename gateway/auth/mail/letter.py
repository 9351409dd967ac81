"""What the mails say. Pure: facts in, subject and plain text out. No secret is among the facts, so none is in a mail.

Every value from outside is one line of visible characters here, whatever the store holds: a name cannot make a header,
a second line, or a link that looks like ours.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.core.naming import printable
from gateway.core.owner import Owner, OwnerKind, Token
from gateway.core.token import handle


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What all mails of one installation say alike."""

    brand: str
    realm: str
    public_url: str
    support_contact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail's subject and text."""

    subject: str
    text: str


def token_expires(house: House, owner: Owner, token: Token, *, ends_at: datetime, now: datetime) -> Letter:
    """A token ends soon."""
    which = handle(house.brand, token.kind, token.id)
    name, left = printable(token.name), _left(ends_at - now)
    return _letter(
        house,
        owner,
        f"Token {name} expires in {left}",
        f"{_your(owner)} expires in {left}. From then on, whatever uses it is refused.",
        _facts(house, token, ("Expires", _at(ends_at))),
        "If nothing needs it any more, do nothing: it ends by itself. If something does, make a new token in time and "
        "put it in place of this one, or have this one extended. An administrator types:",
        f"    token-gateway token edit {which} --expires 90d",
    )


def confirmation_ends(house: House, owner: Owner, *, ends_at: datetime, now: datetime) -> Letter:
    """The single sign-on has not seen the owner for long."""
    left = _left(ends_at - now)
    return _letter(
        house,
        owner,
        f"Sign in within {left}, or your tokens rest",
        f"Your tokens work only while the single sign-on knows you. It saw {owner.login} last so long ago that in "
        f"{left} they will be refused, until you sign in again.",
        f"    Account:  {owner.login}\n    Until:    {_at(ends_at)}",
        f"Sign in at {house.public_url} before then. If you cannot, an administrator who knows that you are still "
        "there types:",
        f"    token-gateway user confirm {owner.login}",
    )


def token_made(
    house: House, owner: Owner, token: Token, *, by: str, address: str, at: datetime, rotated: bool
) -> Letter:
    """Somebody else made a token that acts as this owner, or has a new secret of one."""
    which, name = handle(house.brand, token.kind, token.id), printable(token.name)
    ends = "never" if token.expires_at is None else _at(token.expires_at)
    what = "has given a new secret to a token" if rotated else "has made a token"
    return _letter(
        house,
        owner,
        f"A new secret for your token {name}" if rotated else f"A token was made for you: {name}",
        f"Somebody else {what} that acts as {_whom(owner)}. Whoever has its secret can do what its scopes allow, in "
        f"{'your' if owner.kind is OwnerKind.USER else 'its'} name.",
        _facts(
            house,
            token,
            ("Scopes", " ".join(sorted(token.scopes)) or "none"),
            ("Expires", ends),
            ("By", printable(by)),
            ("From", printable(address) or "the gateway's own command line"),
            ("When", _at(at)),
        ),
        "If you expected this, there is nothing to do. If not, have it ended at once, and ask who asked for it. An "
        "administrator types:",
        f"    token-gateway token revoke {which}",
    )


def stale_secret(
    house: House, owner: Owner, token: Token, *, address: str, at: datetime, count: int, host: str
) -> Letter:
    """Somebody used a secret that a rotation replaced."""
    which, name = handle(house.brand, token.kind, token.id), printable(token.name)
    return _letter(
        house,
        owner,
        f"An old secret of token {name} was used",
        f"{_your(owner)} got a new secret some time ago, and somebody has used an old one since. They were refused. "
        "Either a program was forgotten and still has the old secret, or somebody has a copy who should not: take it "
        "for a leak until you know.",
        _facts(
            house,
            token,
            ("From", printable(address) or "an unknown address"),
            ("When", _at(at)),
            ("How often", f"{count} within that minute"),
            ("At", printable(host) or "unknown"),
        ),
        "Do you know the address? Then give the program there the new secret. If not, find out how the old secret got "
        "out, since the new one may go the same way, and give the token another one. There is at most one such mail a "
        "token and day. An administrator types:",
        f"    token-gateway token rotate {which}\n    token-gateway audit list --token {which}",
    )


def trial(house: House) -> Letter:
    """What `mail test` sends."""
    return Letter(
        subject="A test of Token Gateway",
        text=f"Mail from {house.realm} ({house.public_url}) arrives here.\n\nSomebody typed `token-gateway mail test`. "
        "There is nothing to do.\n",
    )


def _letter(house: House, owner: Owner, subject: str, *paragraphs: str) -> Letter:
    named = printable(owner.name) or owner.login
    contact = f"\nQuestions: {printable(house.support_contact)}" if house.support_contact else ""
    text = (
        "\n\n".join((f"Hello {named},", *paragraphs)) + f"\n\n"
        f"The gateway: {house.public_url}{contact}\n\n-- \n{house.realm}. This mail was written by a program; it never "
        "holds a secret, and never asks for one.\n"
    )
    return Letter(subject=printable(subject), text=text)


def _facts(house: House, token: Token, *more: tuple[str, str]) -> str:
    rows = (("Token", handle(house.brand, token.kind, token.id)), ("Name", printable(token.name)), *more)
    width = max(len(name) for name, _ in rows) + 2
    return "\n".join(f"    {name + ':':<{width}} {value}" for name, value in rows)


def _your(owner: Owner) -> str:
    return "Your token" if owner.kind is OwnerKind.USER else f"A token of the application {owner.login}"


def _whom(owner: Owner) -> str:
    return f"you ({owner.login})" if owner.kind is OwnerKind.USER else f"the application {owner.login}"


def _at(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _left(span: timedelta) -> str:
    """A span in whole days, hours or minutes, rounded to the nearest: "7 days", "23 hours"."""
    minutes = max(1, round(span / timedelta(minutes=1)))
    for unit, name in ((1440, "day"), (60, "hour"), (1, "minute")):
        count = round(minutes / unit)
        if minutes >= unit:
            return f"{count} {name}{'' if count == 1 else 's'}"
    return "a minute"
