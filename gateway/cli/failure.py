"""How a failure reaches the operator: one clear line on stderr, a stable exit code, never a traceback.

Exit codes: 0 done; 1 `explain` says the request is refused, or `audit verify` that the audit does not hold; 2 usage,
configuration, state, or a refused value; 3 a user, application or token that is not there; 70 a fault of the program
itself.
"""
# ruff: noqa: PLC0415  # the errors' own modules bring pydantic and SQLAlchemy; `--help` must not

import json
from typing import Any, NamedTuple

import typer

REFUSED, NOT_FOUND, INTERNAL = 2, 3, 70


class Failure(Exception):  # noqa: N818  a domain's word
    """A command of the CLI cannot do what was asked."""

    def __init__(self, message: str, mend: str = "", *, code: int = REFUSED) -> None:
        super().__init__(f"{message}; {mend}" if mend else message)
        self.message = message
        self.mend = mend
        self.code = code


class Told(NamedTuple):
    """What to print, and the exit code."""

    lines: tuple[str, ...]
    document: dict[str, Any]
    code: int


def tell(told: Told, *, as_json: bool) -> typer.Exit:
    """Print a failure and return the exit to raise."""
    if as_json:
        typer.echo(json.dumps({"error": told.document}, ensure_ascii=False), err=True)
    else:
        for line in told.lines:
            typer.echo(line, err=True)
    return typer.Exit(told.code)


def told(error: Exception) -> Told | None:
    """The words for an error that operators can meet; None for one that is a fault of the program."""
    from gateway.auth.keyring import KeyFileError
    from gateway.auth.refused import NOT_FOUND as IS_NOT_FOUND
    from gateway.auth.refused import Refused
    from gateway.config import ConfigInvalid
    from gateway.store import StoreError

    match error:
        case Failure():
            return _one_line("failed", error.message, error.mend, error.code)
        case Refused():
            code = NOT_FOUND if error.code == IS_NOT_FOUND else REFUSED
            return _one_line(error.code, error.message, error.mend, code, field=error.field)
        case ConfigInvalid():
            faults = [
                {
                    "file": one.file,
                    "line": one.line,
                    "column": one.column,
                    "key": one.key,
                    "message": one.message,
                    "mend": one.mend,
                }
                for one in error.errors
            ]
            document: dict[str, Any] = {
                "code": "config_invalid",
                "message": "the configuration is not valid",
                "errors": faults,
            }
            return Told(tuple(map(str, error.errors)), document, REFUSED)
        case KeyFileError():
            return _one_line("key_file", str(error), "", REFUSED)
        case StoreError():
            return _one_line("store", str(error), "", REFUSED)
        case UnicodeEncodeError(
            reason="surrogates not allowed"
        ):  # so Python keeps bytes of the command line that are none
            return _one_line("not_utf8", "a value is not UTF-8", "set the terminal to UTF-8, and type it anew", REFUSED)
        case OSError():
            place = f"{error.filename}: " if error.filename else ""
            return _one_line("system", f"{place}{error.strerror or type(error).__name__}", "", REFUSED)
        case _:
            return None


def _one_line(code: str, message: str, mend: str, exit_code: int, *, field: str = "") -> Told:
    text = f"{message}; {mend}" if mend else message
    document = {"code": code, "field": field, "message": message, "mend": mend}
    return Told((f"token-gateway: {text}",), document, exit_code)
