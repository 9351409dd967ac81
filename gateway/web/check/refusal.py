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
    "owner_unconfirmed": (
        "The owner of this token has not signed in for long",
        "Sign in once, as for any other application here; then it works again. An administrator can confirm it, too.",
    ),
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

# Where a token that one makes, mends or wakes at the portal may help.
_BY_TOKEN = frozenset(
    {
        "no_credential",
        "invalid_token",
        "expired",
        "idle",
        "import_ended",
        "revoked",
        "suspended",
        "owner_unconfirmed",
        "insufficient_scope",
        "host",
        "network",
    }
)

# The portal's colours (static/app.css): this page is answered under other names, and can load nothing.
_STYLE = (
    ":root{color-scheme:light dark;--g:#f5f7f6;--s:#fff;--l:#d8dfdb;--i:#17201d;--f:#52605a;--a:#0b6655;--b:#dff1eb}"
    "@media(prefers-color-scheme:dark){:root{--g:#0f1412;--s:#171e1b;--l:#2c3733;--i:#e6ece9;--f:#a5b3ac;--a:#63ccb2;"
    "--b:#15372e}}*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;align-items:center;padding:1.25rem;"
    "font:16px/1.55 system-ui,sans-serif;color:var(--i);background:var(--g)}"
    "main{width:100%;max-width:34rem;margin:0 auto;padding:2rem;"
    "border:1px solid var(--l);border-radius:.75rem;background:var(--s);overflow-wrap:anywhere}"
    "svg{display:block;overflow:visible;width:2.75rem;padding:.625rem;border-radius:50%;background:var(--b);fill:none;stroke:var(--a);"
    "stroke-width:2;stroke-linecap:round;stroke-linejoin:round}h1{font-size:1.5rem;line-height:1.25;"
    "letter-spacing:-.012em;margin:1rem 0 .5rem}p{margin:0 0 1rem}b{display:block}a{color:var(--a)}"
    "small{display:block;padding-top:1rem;border-top:1px solid var(--l);color:var(--f)}"
)
_LOCK = (  # the icon `lock-keyhole` of static/vendor/icons.svg
    '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="16" r="1"/><rect x="3" y="10" width="18" '
    'height="12" rx="2"/><path d="M7 10V7a5 5 0 0 1 10 0v3"/></svg>'
)
_ASK = "Whoever runs this application."

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
def page(status: int, code: str, support_contact: str, portal: str = "") -> bytes:
    """The page for one code. `support_contact` is the operator's own text; it is escaped like everything else.

    `portal`: where people make tokens, and see their own; empty: nowhere. It is named where that may help.
    """
    headline, words = _WORDS.get(code, _FORBIDDEN)
    ask = escape(support_contact) or _ASK
    help_ = (
        f'<p><a href="{escape(portal)}/">Make a token, or look at yours</a></p>' if portal and code in _BY_TOKEN else ""
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{headline}</title><style>{_STYLE}</style></head>"
        f"<body><main>{_LOCK}<h1>{headline}</h1><p>{words}</p>{help_}<p><b>Whom to ask</b> {ask}</p>"
        f"<small>{status} · {code}</small></main></body></html>"
    ).encode()
