"""The page that a browser sees when it is refused: what happened, and whom to ask. Nothing of the request is in it."""

from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from html import escape

# code -> (headline, what it means and what to do)
_WORDS = {
    "no_credential": (
        "This page needs an access token",
        "The request came without one. Programs send it as <code>Authorization: Bearer …</code>.",
    ),
    "invalid_token": (
        "This access token is not valid",
        "It may be misspelled, replaced by a newer one, or no longer in use. Check that the whole token was copied.",
    ),
    "expired": ("This access token has expired", "Make a new token, or ask for its expiry to be moved."),
    "idle": ("This access token has ended", "It was not used for longer than it may rest. Make a new one."),
    "import_ended": (
        "Tokens of Request Tracker are not taken any more",
        "Make a new token, or rotate this one and use its new secret.",
    ),
    "revoked": ("This access token was revoked", "A revoked token stays so. Make a new one."),
    "suspended": ("This access token is suspended", "Its owner or an administrator can resume it."),
    "owner_disabled": ("The owner of this token is disabled", "An administrator can enable the account again."),
    "insufficient_scope": (
        "This token may not do that",
        "Its scopes do not cover this address. Use a token with the scope that this application asks for.",
    ),
    "group": ("This token may not do that", "Its owner is not in a group that may come here."),
    "network": ("Not from this network", "This token or this address may be used from other networks only."),
    "host": ("Not at this address", "This access token is meant for other hosts only."),
    "kind": ("Not with this kind of token", "This address takes another kind of access token."),
    "login": ("This belongs to somebody else", "The address names another account than the owner of the token."),
    "permission": ("This account may not use tokens", "The owner has no permission to use personal access tokens."),
    "no_app_secret": (
        "This application does not know the account",
        "It wants a credential of its own for each account, and has none for the owner of this token. Ask for one.",
    ),
    "ambiguous_request": (
        "This request can be read in two ways",
        "The address, or the credential sent with it, is ambiguous, and such requests are refused.",
    ),
    "limited": ("Too many attempts", "Wait a moment and try again."),
    "unavailable": ("Not available at this moment", "The access check did not get through. Try again in a moment."),
}
_FORBIDDEN = ("You may not come here", "Access to this address is not allowed.")

_STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.6 system-ui,sans-serif;max-width:34rem;margin:14vh auto 0;"
    "padding:0 1.5rem}h1{font-size:1.6rem;line-height:1.25;margin:0 0 .75rem}p{margin:0 0 1rem}"
    "small{opacity:.7}code{font-size:.95em}"
)

HEADERS = (
    (b"Content-Type", b"text/html; charset=utf-8"),
    (
        b"Content-Security-Policy",
        b"default-src 'none'; style-src 'sha256-"
        + b64encode(sha256(_STYLE.encode()).digest())
        + b"'; frame-ancestors 'none'",
    ),
    (b"Referrer-Policy", b"no-referrer"),
)


@lru_cache(maxsize=256)
def page(status: int, code: str, support_contact: str) -> bytes:
    """The page for one code. `support_contact` is the operator's own text; it is escaped like everything else."""
    headline, words = _WORDS.get(code, _FORBIDDEN)
    contact = f"<p>For help: {escape(support_contact)}</p>" if support_contact else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{headline}</title><style>{_STYLE}</style>"
        f"<main><h1>{headline}</h1><p>{words}</p>{contact}<small>{status} · {code}</small></main></html>"
    ).encode()
