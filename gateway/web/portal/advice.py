"""What a page advises where the use case names a command: whoever reads it sits at a browser.

Which words are the page's own is said by the code of the refusal and its field. Advice that names a command and has no
words here is left out: what is wrong is said all the same.
"""

from gateway.auth.refused import NOT_FOUND, Refused

_COMMAND = "`token-gateway "
ADVICE: dict[tuple[str, str], str] = {
    (NOT_FOUND, "login"): "look it up in the list",
    (NOT_FOUND, "token"): "look it up in the list of tokens",
    ("bad_value", "token"): "a handle stands beside the name of each token, and begins with its kind: tgp_ or tga_",
    ("secret_given", "token"): "name the token by its handle, the part before the second underscore; one that others "
    "may have seen should be revoked",
    ("key_not_registered", ""): "whoever runs the gateway has to do that",
}


def advice(refused: Refused) -> str:
    """How to mend it, for the reader of a page; empty when there is nothing to say."""
    if _COMMAND not in refused.mend:
        return refused.mend
    return ADVICE.get((refused.code, refused.field), "")
