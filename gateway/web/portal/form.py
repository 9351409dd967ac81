"""What somebody typed into a form: read once, shown again when it has to be mended, never lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from re import ASCII
from re import compile as pattern
from secrets import token_urlsafe
from urllib.parse import parse_qsl

from aiohttp import web

from gateway.core.naming import holds_token
from gateway.core.token import Secret
from gateway.web.api.problem import Problem
from gateway.web.api.reading import read_bytes

CONTENT = "application/x-www-form-urlencoded"
MAX_FIELDS = 512  # a bulk choice of tokens, and the scopes of one
ONCE = "once"  # the field that makes a second click harmless
SECRETS = frozenset({"password", "current", "new", "again", "proof"})  # never shown again, never carried on
_NONCE = pattern(r"[A-Za-z0-9_-]{22}", ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a field, in words that say how to mend it. `field` is empty for what is in none."""

    field: str
    text: str


@dataclass(slots=True, kw_only=True)
class Form:
    """The fields of a page's form. `given`: what was typed, None before anything was sent; then `present` counts.

    Fields of passwords are given out by `secret` alone.
    """

    present: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    given: Mapping[str, Sequence[str]] | None = None
    errors: list[Fault] = field(default_factory=list)
    nonce: str = field(default_factory=lambda: token_urlsafe(16))

    def value(self, name: str, default: str = "") -> str:
        """What was typed, without blanks around it; before that, what is so now."""
        if name in SECRETS:
            return ""
        found = self._all(name)
        return found[0].strip() if found else default

    def values(self, name: str) -> set[str]:
        """What was chosen of several."""
        return set() if name in SECRETS else set(self._all(name))

    def lines(self, name: str) -> list[str]:
        """A field that takes several values, one a line or with commas between."""
        words = self.value(name).replace(",", "\n").split("\n")
        return [word.strip() for word in words if word.strip()]

    @property
    def version(self) -> int | None:
        """The version of what is changed, as it was when the form was made; None when that does not say."""
        text = self.value("version")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None

    def has(self, name: str) -> bool:
        """Whether a box was ticked, or a button with this name pressed."""
        return bool(self._all(name))

    def secret(self, name: str) -> Secret:
        """A password, as it was typed."""
        found = self._all(name)
        return Secret(found[0] if found else "")

    def fail(self, name: str, text: str) -> None:
        """Say what is wrong."""
        self.errors.append(Fault(field=name, text=text))

    def error(self, name: str) -> Fault | None:
        """What is wrong with a field; None when nothing is."""
        return next((one for one in self.errors if one.field == name), None)

    def forget(self, name: str) -> None:
        """Show a field empty again: what was typed is not to be repeated."""
        self.given = None if self.given is None else {**self.given, name: ()}
        self.present = {**self.present, name: ""}

    def forget_tokens(self) -> None:
        """Show no field that holds a whole token: whatever it was meant for, it is not to be repeated."""
        for name in [name for name, all_ in (self.given or {}).items() if any(map(holds_token, all_))]:
            self.forget(name)

    def kept(self) -> list[tuple[str, str]]:
        """All that may be carried on while somebody signs in again: no password, no token, no mark of this sending."""
        given = self.given or {}
        found = [(name, one) for name, all_ in given.items() if name not in SECRETS | {ONCE} for one in all_]
        return [(name, one) for name, one in found if not holds_token(name + one)]

    def _all(self, name: str) -> Sequence[str]:
        found = (self.present if self.given is None else self.given).get(name, ())
        return (found,) if isinstance(found, str) else found


async def read_form(request: web.Request) -> Form:
    """The form that was sent. Problem when it is none; line ends become those of text."""
    if request.content_type != CONTENT or "Content-Encoding" in request.headers:
        raise Problem("unsupported_media_type", f"the body is not {CONTENT}", mend="send the page's own form")
    body = await read_bytes(request)
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS, separator="&"
        )
    except ValueError:
        raise Problem("bad_request", "that is no form, or has too many fields") from None
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value.replace("\r\n", "\n").replace("\r", "\n"))
    nonce = given.get(ONCE, [""])[0]
    return Form(given=given, nonce=nonce if _NONCE.fullmatch(nonce) else token_urlsafe(16))
