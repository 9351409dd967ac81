"""The walk of an explanation as a page tells it: each step in words, what it found, and what was compared."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from gateway.auth.explain import Step
from gateway.web.portal.reason_words import reason_words
from gateway.web.portal.words import Words

PASSED_OVER = "passed over"
# name -> (what was looked at, what is so where the walk goes on)
STEPS: dict[str, tuple[str, str]] = {
    "request": ("The request", "It is well-formed and can be read in one way, or its route takes the others too."),
    "route": ("The route", "It is the first, in the order of the file, that is for this host, path and method."),
    "path": ("The path", "Every server reads it alike."),
    "credential": ("The credential", "None is needed here."),
    "secret": ("The secret", "It is one of the token’s, and it has not ended."),
    "token": ("The token", "It works, and so does its owner’s account."),
    "confirmation": ("The owner’s account", "It does not wait for anybody to vouch for it."),
    "basic_user": ("The user name", "It fits, or none was sent."),
    "permission": ("The right to use tokens", "The owner has it, or needs none."),
    "network": ("The network", "Token and route may be used from there."),
    "host": ("The host", "The token may be used for it."),
    "kind": ("The kind of token", "The route takes it."),
    "login": ("The account in the path", "It is the token’s owner, or the path names none."),
    "groups": ("The groups", "The owner is in one that the route asks for, or it asks for none."),
    "scopes": ("The scopes", "The token has what the route asks for."),
    "app credential": ("The application’s own credential", "There is one for this account."),
    "rate": ("How often", "A limit stands on this route."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepShown:
    """One step. `kind`: good, bad, or empty for routes that were passed over, which are `passed`, all in one step.

    `text` says what it found; `facts` what was compared, with its values.
    """

    title: str
    kind: str
    text: str
    facts: str = ""
    passed: Sequence[str] = ()


def walk_shown(words: Words, steps: Sequence[Step]) -> list[StepShown]:
    """The steps in their order."""
    return list(_shown(words, steps))


def _shown(words: Words, steps: Sequence[Step]) -> Iterator[StepShown]:
    for is_passed, group in groupby(steps, lambda one: one.name == PASSED_OVER):
        if is_passed:
            passed = [one.words for one in group]
            text = words("Each stands before the one that decides, and differs from the request in something.")
            yield StepShown(title=words("Routes of this host that do not fit"), kind="", text=text, passed=passed)
        else:
            yield from (_step(words, one) for one in group)


def _step(words: Words, step: Step) -> StepShown:
    title, right = (words(text) for text in STEPS[step.name])
    if step.broken is None:
        return StepShown(title=title, kind="good", text=right, facts=step.words)
    why = reason_words(words, step.broken)
    facts = "" if step.words == step.broken.value else step.words
    return StepShown(title=title, kind="bad", text=f"{why[:1].upper()}{why[1:]}.", facts=facts)
