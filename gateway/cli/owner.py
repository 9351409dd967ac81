"""What `user` and `app` have in common: the same use cases, said with another word."""
# ruff: noqa: PLC0415  # imported when a command runs: `--help` stays quick

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from gateway.cli.effect import effect_document, effect_words
from gateway.cli.failure import Failure
from gateway.cli.output import note, show_fields, show_json, show_table
from gateway.cli.owner_output import document, sign_in_fields, state_cell
from gateway.core.owner import OwnerKind

WORD = {OwnerKind.USER: "user", OwnerKind.APPLICATION: "application"}
PAGE = 200  # owners of a list that are read at once
COMMAND = {OwnerKind.USER: "user", OwnerKind.APPLICATION: "app"}


def add(
    kind: OwnerKind,
    login: str,
    *,
    name: str,
    email: str,
    groups: Sequence[str],
    organisations: Sequence[str],
    sso: bool = False,
    config: Path | None,
    as_json: bool,
) -> None:
    """Create an owner."""
    from gateway.auth.owners import create_owner
    from gateway.cli.desk import at_desk, operating

    owner = at_desk(
        config,
        lambda desk: create_owner(
            desk,
            actor=operating(),
            kind=kind,
            login=login,
            name=name,
            email=email,
            groups=groups,
            organisations=organisations,
            sso=sso,
        ),
    )
    if as_json:
        show_json(document(owner))
    else:
        option = "--user" if kind is OwnerKind.USER else "--app"
        note(f"{WORD[kind].capitalize()} {owner.login} is there.")
        note(f"Next: token-gateway token create {option} {owner.login} --name NAME --scope SCOPE")


def edit(
    kind: OwnerKind,
    login: str,
    *,
    name: str | None,
    email: str | None,
    organisations: Sequence[str] | None,
    waits: bool,
    config: Path | None,
    as_json: bool,
) -> None:
    """Change what is said of an owner; None leaves it alone."""
    from gateway.auth.owners import edit_owner
    from gateway.cli.desk import at_desk, operating

    if name is None and email is None and organisations is None:
        raise Failure("nothing to change was given", f"see `token-gateway {COMMAND[kind]} edit --help`")
    done = at_desk(
        config,
        lambda desk: edit_owner(
            desk, actor=operating(), kind=kind, login=login, name=name, email=email, organisations=organisations
        ),
        waits=waits,
    )
    if as_json:
        show_json(document(done.owner) | {"changed": done.changed} | effect_document(done.effect))
        return
    said = f"is changed{effect_words(done.effect)}" if done.changed else "was so already"
    note(f"{done.owner.login} {said}.")


def organisations_given(given: list[str] | None, *, none: bool) -> list[str] | None:
    """What `--organisation` and `--no-organisation` say together; None: nothing."""
    if none and given:
        raise Failure("--organisation and --no-organisation say two things", "give one of them")
    return [] if none else given


def confirm(login: str, *, config: Path | None, as_json: bool) -> None:
    """Vouch for a user of the single sign-on."""
    from gateway.auth.directory import confirm as change
    from gateway.cli.desk import at_desk, operating

    done = at_desk(config, lambda desk: change(desk, actor=operating(), login=login))
    if as_json:
        show_json(document(done.owner))
    else:
        note(f"{done.owner.login} is confirmed.")


def list_all(
    kind: OwnerKind,
    *,
    search: str | None = None,
    group: str | None = None,
    organisation: str | None = None,
    enabled: bool | None = None,
    sso: bool | None = None,
    config: Path | None,
    as_json: bool,
) -> None:
    """List the owners of a kind that pass everything given."""
    from gateway.auth.desk import Desk
    from gateway.auth.owner_list import list_owners
    from gateway.cli.desk import at_desk, operating

    wanted = {"text": search, "group": group, "organisation": organisation, "enabled": enabled, "sso": sso}

    async def work(desk: Desk) -> list[Any]:
        found: list[Any] = []
        after: str | None = None
        while True:
            given: dict[str, Any] = {**wanted, "after": after, "limit": PAGE}
            page = await list_owners(desk, actor=operating(), kind=kind, **given)
            found += page.rows
            after = page.after
            if after is None:
                return found

    entries = at_desk(config, work)
    if as_json:
        show_json([document(entry.owner, entry.created_at) for entry in entries])
        return
    titles = ("login" if kind is OwnerKind.USER else "name", "called", "contact", "groups", "organisations", "state")
    rows = [
        (
            entry.owner.login,
            entry.owner.name or "-",
            entry.owner.email or "-",
            ", ".join(entry.owner.groups) or "-",
            ", ".join(entry.owner.organisations) or "-",
            state_cell(entry.owner),
        )
        for entry in entries
    ]
    empty = f"No {WORD[kind]}s yet. `token-gateway {COMMAND[kind]} add` makes one."
    if any(value is not None for value in wanted.values()):
        empty = f"No {WORD[kind]} is so."
    show_table(titles, rows, empty=empty)


def show(kind: OwnerKind, login: str, *, config: Path | None, as_json: bool) -> None:
    """Show one owner with its tokens."""
    from gateway.auth.desk import Desk
    from gateway.auth.owners import find_owner
    from gateway.cli import token_output
    from gateway.cli.desk import at_desk, now
    from gateway.cli.times import exact

    async def work(desk: Desk) -> tuple[Any, Any, str]:
        entry = await find_owner(desk, kind=kind, login=login)
        return entry, await desk.store.tokens(owner_id=entry.owner.id), desk.settings.tokens.brand

    entry, tokens, brand = at_desk(config, work)
    if as_json:
        listed = [token_output.document(one, brand) for one in tokens]
        show_json(document(entry.owner, entry.created_at) | {"tokens": listed})
        return
    owner = entry.owner
    show_fields(
        [
            ("login" if kind is OwnerKind.USER else "name", owner.login),
            ("called", owner.name or "-"),
            ("contact", owner.email or "-"),
            ("groups", ", ".join(owner.groups) or "-"),
            ("organisations", ", ".join(owner.organisations) or "-"),
            ("state", state_cell(owner)),
            *sign_in_fields(owner),
            ("created", exact(entry.created_at)),
        ]
    )
    typer.echo("")
    token_output.show_list(tokens, brand, now())


def groups(
    kind: OwnerKind,
    login: str,
    *,
    set_to: Sequence[str] | None,
    add: Sequence[str] | None,
    remove: Sequence[str] | None,
    waits: bool,
    config: Path | None,
    as_json: bool,
) -> None:
    """Show an owner's groups, after changing them if that is asked."""
    from gateway.auth.groups import change_groups
    from gateway.auth.owners import find_owner
    from gateway.cli.desk import at_desk, operating

    if set_to is None and not add and not remove:
        found = at_desk(config, lambda desk: find_owner(desk, kind=kind, login=login)).owner
        if as_json:
            show_json(document(found))
        else:
            typer.echo("\n".join(found.groups))
        return
    done = at_desk(
        config,
        lambda desk: change_groups(
            desk,
            actor=operating(),
            kind=kind,
            login=login,
            groups=None if set_to is None else [group for group in set_to if group],
            add=add or (),
            remove=remove or (),
        ),
        waits=waits,
    )
    if as_json:
        changed = {"added": done.added, "removed": done.removed}
        show_json(document(done.owner) | changed | effect_document(done.effect))
        return
    said = [f"entered {', '.join(done.added)}"] if done.added else []
    said += [f"left {', '.join(done.removed)}"] if done.removed else []
    now = f"is in {', '.join(done.owner.groups) or 'no group'}"
    note(f"{done.owner.login} {'; '.join([*said, now])}{effect_words(done.effect)}.")


def set_enabled(
    kind: OwnerKind, login: str, *, enabled: bool, waits: bool = True, config: Path | None, as_json: bool
) -> None:
    """Disable or enable an owner."""
    from gateway.auth.owners import set_enabled as change
    from gateway.cli.desk import at_desk, operating

    done = at_desk(
        config, lambda desk: change(desk, actor=operating(), kind=kind, login=login, enabled=enabled), waits=waits
    )
    if as_json:
        show_json(document(done.owner) | {"changed": done.changed} | effect_document(done.effect))
        return
    word = "enabled" if enabled else "disabled"
    note(f"{done.owner.login} {'is' if done.changed else 'was already'} {word}{effect_words(done.effect)}.")


def delete(kind: OwnerKind, login: str, *, yes: bool, waits: bool, config: Path | None, as_json: bool) -> None:
    """Delete an owner, after a question."""
    from gateway.auth.owners import delete_owner
    from gateway.cli.desk import at_desk, operating

    if not yes:
        if not sys.stdin.isatty():
            raise Failure("deleting cannot be undone and nobody can be asked here", "add --yes")
        question = f"Delete {WORD[kind]} {login}, revoke all its tokens, and never give the name again?"
        typer.confirm(question, abort=True, err=True)
    done = at_desk(config, lambda desk: delete_owner(desk, actor=operating(), kind=kind, login=login), waits=waits)
    if as_json:
        show_json(document(done.owner) | {"tokens_revoked": done.tokens_revoked} | effect_document(done.effect))
        return
    tokens = f"{done.tokens_revoked} token{'' if done.tokens_revoked == 1 else 's'} revoked"
    note(f"{done.owner.login} is deleted, {tokens}{effect_words(done.effect)}.")
