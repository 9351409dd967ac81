"""What a use case answers when it does not do what was asked: one exception, with a stable code.

The CLI and the API translate it and say the same words. Nothing was changed when it is raised.
"""

from difflib import get_close_matches

from gateway.core.naming import without_tokens

NOT_FOUND = "not_found"


class Refused(Exception):  # noqa: N818  a use case's answer, not a mistake
    """A use case was refused. `message` says what is wrong, `mend` what to do; neither ever holds a secret, also where
    they repeat what was given and somebody pasted a token there.

    `code` is stable; `field` names the offending input as the use case's parameter does, empty when it is none.
    """

    def __init__(self, code: str, *, field: str = "", message: str, mend: str = "") -> None:
        message, mend = without_tokens(message), without_tokens(mend)
        super().__init__(f"{message}; {mend}" if mend else message)
        self.code = code
        self.field = field
        self.message = message
        self.mend = mend


def did_you_mean(word: str, known: list[str], *, otherwise: str) -> str:
    """A hint with the nearest known word, or `otherwise` when none is near."""
    near = get_close_matches(word.casefold(), [name.casefold() for name in known], n=1, cutoff=0.6)
    if not near:
        return otherwise
    return f"did you mean {next(name for name in known if name.casefold() == near[0])}?"
