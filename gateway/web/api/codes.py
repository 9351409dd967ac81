"""Every code that a problem can have: its status, and what it means. Docs, document and answers come from here."""

from collections.abc import Mapping
from typing import NamedTuple

from gateway.core.power import Why
from gateway.core.reason import OUTSIDE


class Code(NamedTuple):
    """The status of a problem, and its meaning in one sentence."""

    status: int
    meaning: str


# What this edge answers by itself.
OWN: Mapping[str, Code] = {
    "ambiguous_request": Code(400, "Two credentials, or one header twice: which one counts is not guessed."),
    "bad_cursor": Code(400, "The cursor is none of this list; begin without one."),
    "bad_json": Code(400, "The body is not JSON in UTF-8, has a key twice, or is nested too deeply."),
    "bad_query": Code(400, "Query parameters are unknown, given twice, or not of their form; `errors` names each."),
    "bad_request": Code(400, "Another fault of the request."),
    "body_timeout": Code(408, "The body did not come in time."),
    "cross_site": Code(403, "A request with a session that changes something has to come from this very address."),
    "internal_error": Code(500, "A fault of the gateway; its log says which."),
    "invalid_fields": Code(422, "Fields of the body are missing, unknown or not of their form; `errors` names each."),
    "invalid_request": Code(400, "The form lacks the field `token`, has a field twice, or is none."),
    "method_not_allowed": Code(405, "`Allow` names the methods."),
    "misdirected": Code(421, "The `Host` is none of `public_url`; a page elsewhere finds nobody at home."),
    "no_credential": Code(401, "Sign in, or send a token as `Authorization: Bearer`."),
    "precondition_required": Code(428, "Send `If-Match` with the `ETag` of what you have seen, or `*`."),
    "too_large": Code(413, "The body is larger than any request needs."),
    "unavailable": Code(503, "The store does not answer; try again in a moment."),
    "unsupported_media_type": Code(415, "Send the content type that the operation names, in UTF-8, not compressed."),
}
# What use cases refuse, in the words of the use case.
REFUSED: Mapping[str, Code] = {
    "audit_broken": Code(409, "The audit does not hold."),
    "bad_export": Code(422, "That is no export of the audit."),
    "bad_file": Code(422, "The file cannot be used."),
    "bad_value": Code(422, "A value breaks the rule of its field."),
    "beyond_token": Code(403, "A token makes and edits none that reaches farther than itself."),
    "busy": Code(503, "Too much is being hashed, or read from end to end, at this moment."),
    "changed_meanwhile": Code(412, "It is not the version that you have seen; look again, then try again."),
    "expired": Code(409, "The token has expired."),
    "expiry": Code(422, "The policy does not allow this expiry."),
    "idempotency_in_flight": Code(409, "The same request is being worked on."),
    "idempotency_mismatch": Code(422, "This `Idempotency-Key` came with another request before."),
    "idempotency_used": Code(409, "This request was answered, and what came of it has been used or changed since."),
    "key_not_registered": Code(503, "The gateway's key is not registered with its store; an operator has to do that."),
    "limited": Code(429, "Too many requests, or failures, from your network."),
    "login_taken": Code(409, "The name is in use, or once was."),
    "mail_not_configured": Code(503, "The gateway has no mail server; an operator has to name one."),
    "name_taken": Code(409, "A live token of the owner has this name."),
    "needs_bcrypt": Code(503, "The gateway lacks a part that an operator has to install."),
    "needs_grace": Code(409, "A token that rotates itself needs a grace, or it would lose the answer with itself."),
    "not_found": Code(404, "There is nothing here, or nothing that you may see."),
    "not_mailed": Code(503, "The mail server did not take it."),
    "owner_disabled": Code(409, "The owner is disabled."),
    "password_must_change": Code(403, "Somebody else chose your password; choose one of your own first."),
    "revoked": Code(409, "The token is revoked."),
    "secret_given": Code(422, "That is a whole token, where its handle was asked for."),
    "session_ended": Code(401, "The session has ended; sign in again."),
    "sign_in": Code(403, "Login or password is wrong, or that is not your password."),
    "signs_in_elsewhere": Code(409, "A person of the single sign-on has no password here."),
    "signs_in_here": Code(409, "The person is not of the single sign-on."),
    "token_ended": Code(401, "The token that asks has ended meanwhile."),
    "too_many_tokens": Code(409, "The owner has as many tokens that live as the policy allows."),
    "unknown_group": Code(422, "The group is not declared."),
    "unknown_scope": Code(422, "The scope is not declared."),
    "weak_password": Code(422, "The password is too short, too long, or among those that are tried first."),
    "would_lock_out": Code(409, "Nobody would be left who can sign in and manage people."),
    Why.PERMISSION.value: Code(403, "You lack a permission."),
    Why.BORROWED.value: Code(403, "Somebody holds, or would hold, more than you do."),
    Why.SCOPE.value: Code(403, "The token lacks the scope `gateway`."),
    Why.SESSION.value: Code(403, "Not by a token: sign in."),
    Why.OLD_PASSWORD.value: Code(403, "Your own password is changed with the one you have."),
    "needs_proof": Code(403, "Type your password again (`POST /api/v1/session/proof`), then try again."),
}
# Why a token that is presented is not taken, as `docs/reasons.md` tells them: to its holder in particular.
PRESENTED: Mapping[str, int] = {
    code: outside.status
    for outside in OUTSIDE.values()
    for code in (outside.stranger, outside.proven)
    if code != "allowed"
}
STATUS: Mapping[str, int] = {
    **PRESENTED,
    **{code: about.status for code, about in {**OWN, **REFUSED}.items()},
}


def meaning(code: str) -> str:
    """What a code means, for people."""
    about = OWN.get(code) or REFUSED.get(code)
    return "The token is not taken here and now." if about is None else about.meaning
