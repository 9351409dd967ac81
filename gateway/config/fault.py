"""What is wrong with a configuration, where, and how to mend it: the one error type of this package.

A `Fault` is raised where a value is read and does not know where the value stands; `ConfigError` is the same with file,
line and column. A value that came from the environment or from a file may be a secret: faults therefore write
`{value}` instead of the value, and only the rendering (`at_position`) decides what stands there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

MAX_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigError:
    """One thing that is wrong in one place. Line and column count from 1; line 0: the file as a whole."""

    file: str
    line: int
    column: int
    key: str
    message: str
    mend: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.key}: {self.message}; {self.mend}"


class ConfigInvalid(Exception):  # noqa: N818  # it reads as what it says: the configuration is invalid
    """The configuration cannot be used. `errors` holds all that is wrong, in the order of the file; never empty."""

    def __init__(self, errors: Iterable[ConfigError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(map(str, self.errors)))


class Fault(ValueError):  # noqa: N818  # the word of this package for one wrong value
    """A value that cannot be used. `what` may hold `{value}`, which stands for the value as the operator may see it.

    `echoes`: `what` or `mend` repeat parts of the value in their own words, and are not shown when it may be a secret.
    """

    def __init__(self, what: str, mend: str, *, at: tuple[str | int, ...] = (), echoes: bool = False) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend
        self.at = at
        self.echoes = echoes

    def worded(self, shown: str, *, hidden: bool) -> tuple[str, str]:
        """The message and the mend, with `shown` in place of the value."""
        if hidden and self.echoes:
            return f"{shown} cannot be used here", "see this key in the configuration reference"
        return self.what.replace("{value}", shown), self.mend


def shown(value: object, *, most: int = MAX_SHOWN) -> str:
    """A value as an error message shows it: one line, printable, not too long."""
    if value is True or value is False:
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def pick(name: str, known: Iterable[str], otherwise: str) -> str:
    """How to mend an unknown name: the known one that was probably meant, or else `otherwise`."""
    candidates = list(known)
    swapped = [one for one in candidates if sorted(one) == sorted(name)]  # GTE for GET, in which difflib sees little
    close = swapped or get_close_matches(name[:MAX_SHOWN], candidates, n=1, cutoff=0.7)
    return f"did you mean {close[0]!r}?" if close else otherwise
