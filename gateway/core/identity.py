"""Identity out: who passes, made safe for headers.

Invariant: whatever the store holds, a value leaves as printable ASCII without a `%` of its own, and a member of a list
without a `,`, so that no proxy breaks, drops or splits it (a header writer may silently lose a lone surrogate, which
would turn one login into another). Every header of every configured set is in every allowed answer, exactly once, empty
where there is no value: a header that a client forged is then always overwritten.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.core.owner import Owner, Token
from gateway.core.token import handle

MAX_BYTES = 3000  # names and values of one answer; nginx fails a response head beyond 4 kB
FIELDS = frozenset(
    {"login", "name", "email", "groups", "organisations", "scopes", "kind", "owner_kind", "token", "token_name"}
)
LIST_FIELDS = frozenset({"groups", "organisations", "scopes"})
NAME_FIELDS = frozenset({"name", "token_name"})  # these keep their inner spaces

_UNSAFE = re.compile(rb"[^\x21-\x24\x26-\x7e]")
_UNSAFE_IN_LIST = re.compile(rb"[^\x21-\x24\x26-\x2b\x2d-\x7e]")
_UNSAFE_IN_NAME = re.compile(rb"[^\x20-\x24\x26-\x7e]")

HeaderPairs = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityHeader:
    """One header of an identity set. `only` limits the field `groups` to the groups that this upstream may learn."""

    name: str
    field: str
    only: frozenset[str] | None = None


IdentitySet = tuple[IdentityHeader, ...]


class IdentitySets:
    """All configured identity sets; an answer for one of them also carries the headers of the others, empty."""

    def __init__(self, sets: Mapping[str, IdentitySet]) -> None:
        self.sets = dict(sets)
        names: dict[str, str] = {}
        for headers in self.sets.values():
            for header in headers:
                names.setdefault(header.name.lower(), header.name)
        self.header_names: tuple[str, ...] = tuple(names.values())
        self.nobody: HeaderPairs = tuple((name.encode("ascii"), b"") for name in self.header_names)
        self._layout: dict[str, tuple[tuple[bytes, IdentityHeader | None], ...]] = {}
        for set_name, headers in self.sets.items():
            by_name = {header.name.lower(): header for header in headers}
            self._layout[set_name] = tuple((name.encode("ascii"), by_name.get(low)) for low, name in names.items())

    def headers(self, set_name: str, *, owner: Owner, token: Token, brand: str) -> HeaderPairs | None:
        """Every identity header with its value for this owner and token; None when they would exceed `MAX_BYTES`."""
        pairs = tuple(
            (name, b"" if header is None else _value(header, owner, token, brand))
            for name, header in self._layout[set_name]
        )
        if sum(len(name) + len(value) + 4 for name, value in pairs) > MAX_BYTES:
            return None
        return pairs


def _value(header: IdentityHeader, owner: Owner, token: Token, brand: str) -> bytes:
    match header.field:
        case "login" | "name" | "email" as attribute:
            return encode(getattr(owner, attribute), keep_spaces=attribute in NAME_FIELDS)
        case "groups":
            only = header.only
            return encode_list(owner.groups if only is None else (name for name in owner.groups if name in only))
        case "organisations":
            return encode_list(owner.organisations)
        case "scopes":
            return encode_list(sorted(token.scopes))
        case "kind":
            return encode(token.kind)
        case "owner_kind":
            return encode(owner.kind)
        case "token":
            return encode(handle(brand, token.kind, token.id))
        case "token_name":
            return encode(token.name, keep_spaces=True)
        case other:
            raise ValueError(f"unknown identity field {other!r}")


def encode(text: str, *, keep_spaces: bool = False) -> bytes:
    """Percent-encode every byte outside printable ASCII, and `%`. With `keep_spaces`, single inner spaces stay."""
    raw = text.encode("utf-8", "surrogatepass")
    if keep_spaces:
        inner = raw.strip(b" ")
        lead = len(raw) - len(raw.lstrip(b" "))
        trail = len(raw) - len(inner) - lead
        return b"%20" * lead + _UNSAFE_IN_NAME.sub(_percent, inner) + b"%20" * trail
    return _UNSAFE.sub(_percent, raw)


def encode_list(texts: Iterable[str]) -> bytes:
    """Join with `,`; a comma inside a member is percent-encoded, so that the receiver can split at every comma."""
    return b",".join(_UNSAFE_IN_LIST.sub(_percent, text.encode("utf-8", "surrogatepass")) for text in texts)


def _percent(found: re.Match[bytes]) -> bytes:
    return b"%%%02X" % found[0][0]
