"""Why a check was answered the way it was, in words for pages: of every reason one phrase, and what would change it."""

from gateway.auth.explain import REMEDY
from gateway.core.reason import Reason
from gateway.web.portal.words import Words

PHRASES: dict[Reason, str] = {
    Reason.TOKEN: "the token opens it",
    Reason.PUBLIC: "the route is public",
    Reason.PREFLIGHT: "it is a CORS preflight, which passes here",
    Reason.AMBIGUOUS_REQUEST: "the request can be read in two ways",
    Reason.BAD_FACTS: "the proxy did not tell all facts, or one twice",
    Reason.NO_ADDRESS: "the client’s address is not known, and a rule asks for it",
    Reason.UNTRUSTED_PEER: "it was asked by something that is no trusted proxy",
    Reason.NO_ROUTE: "no route is for this host, path and method",
    Reason.ROUTE_DENIES: "the route lets nobody pass",
    Reason.NO_CREDENTIAL: "no token came with it",
    Reason.MALFORMED_TOKEN: "what came is no token of this installation",
    Reason.UNKNOWN_TOKEN: "there is no such token",
    Reason.WRONG_SECRET: "the token is known, its secret is wrong",
    Reason.STALE_SECRET: "the secret was replaced by a rotation",
    Reason.IMPORT_ENDED: "tokens of Request Tracker are not taken any more",
    Reason.BASIC_USER: "the user name that came with the token is not its own",
    Reason.EXPIRED: "the token has expired",
    Reason.IDLE: "the token was not used for too long",
    Reason.REVOKED: "the token is revoked",
    Reason.SUSPENDED: "the token is suspended",
    Reason.OWNER_DISABLED: "the token’s owner is disabled",
    Reason.OWNER_UNCONFIRMED: "nobody has vouched for the token’s owner for too long",
    Reason.PERMISSION: "the token’s owner may not use tokens",
    Reason.LOGIN: "the path belongs to another account",
    Reason.KIND: "the route takes another kind of token",
    Reason.INSUFFICIENT_SCOPE: "the token lacks a scope",
    Reason.GROUP: "the token’s owner is in no group that the route asks for",
    Reason.NETWORK: "it does not come from an allowed network",
    Reason.HOST: "the token is not for this host",
    Reason.NO_APP_SECRET: "there is no credential for the application",
    Reason.IDENTITY_TOO_LARGE: "what the application would be told is too long",
    Reason.LIMITED: "there were too many attempts",
    Reason.UNAVAILABLE: "the gateway could not look it up in time",
    Reason.INTERNAL_ERROR: "the gateway failed",
}
# What would change it, where the use case names commands and their options: here one clicks.
REMEDIES: dict[Reason, str] = {
    Reason.NO_ADDRESS: "The client’s address must be known here: put one in. In a real check, the proxy must send "
    "X-Forwarded-For.",
    Reason.IDLE: "The token was not used for longer than its idle expiry allows, and ends with its next use; create a "
    "new one. Until then rotating it, or editing its idle expiry, keeps it alive.",
    Reason.OWNER_DISABLED: "Enable the owner, on the page of the user or the application; that brings all of its "
    "tokens back.",
    Reason.OWNER_UNCONFIRMED: "The single sign-on has not vouched for the owner for longer than "
    "`tokens.reconfirm_every`: they sign in once, or somebody vouches for them on the user’s page.",
}


def reason_words(words: Words, code: str) -> str:
    """The phrase for a reason; the code itself where it is none of ours, as in an old row of the audit."""
    try:
        return words(PHRASES[Reason(code)])
    except ValueError:
        return code


def remedy_words(words: Words, reason: Reason) -> str:
    """What would have to change; empty where there is nothing to say. By the code, with the context `remedy`."""
    text = REMEDIES.get(reason) or REMEDY.get(reason, "")
    told = words.catalogue.pgettext("remedy", reason.value) if text else ""
    return text if told in {"", reason.value} else told
