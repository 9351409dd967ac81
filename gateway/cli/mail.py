"""`token-gateway mail test`, and `token notify-expiring`: what people are told, by hand and from cron."""
# ruff: noqa: PLC0415  # imported when a command runs: `--help` stays quick

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.failure import REFUSED
from gateway.cli.options import ConfigOption, JsonOption
from gateway.cli.output import note, show_json, show_table
from gateway.cli.times import exact, in_words, relative

if TYPE_CHECKING:
    from gateway.auth.desk import Desk
    from gateway.auth.mail.endings import Due
    from gateway.auth.mail.outbox import Queued, Sending

mail_app = typer.Typer(help="Mail to the owners of tokens: try the mail server.", no_args_is_help=True)


def register(group: typer.Typer) -> None:
    """Put the command about tokens into their group."""
    group.command("notify-expiring")(notify_expiring)


@mail_app.command("test")
def send_test(
    *,
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="Whom to send it to.", show_default=False)],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send one mail through the mail server of the configuration, and say what the server answered.

    \b
    Example:
      token-gateway mail test --to you@example.org
    """
    from gateway.auth.mail.outbox import send_trial
    from gateway.cli.desk import at_desk

    at_desk(config, lambda desk: send_trial(desk, to=to))
    if as_json:
        show_json({"sent": True, "to": to})
    else:
        note(f"The mail server took a mail to {to}. Look whether it arrives.")


def notify_expiring(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show who would be told of what.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell owners what ends soon, and send all else that waits to be mailed. `serve` does so by itself; cron may, too.

    Each stage of mail.before_expiry is told once, whoever sends it. Exit code 2 when the mail server did not take a
    mail; it is tried again, then or by `serve`.

    \b
    Examples:
      token-gateway token notify-expiring --dry-run
      token-gateway token notify-expiring --json
    """
    from gateway.auth.mail.outbox import due, queue_all, send_due
    from gateway.cli.desk import at_desk

    if dry_run:
        _show_due(*at_desk(config, _with_brand(due)), as_json=as_json)
        return

    async def work(desk: "Desk") -> "tuple[Queued, Sending]":
        queued = await queue_all(desk)
        return queued, await send_due(desk)

    queued, done = at_desk(config, work)
    if as_json:
        show_json(
            {
                "queued": {"endings": queued.endings, "news": queued.news, "too_many": queued.too_many},
                "without_address": queued.without_address,
                "sent": done.sent,
                "failed": done.failed,
                "given_up": done.given_up,
                "dropped": done.dropped,
                "faults": done.faults,
            }
        )
    else:
        note(f"Mails sent: {done.sent}. Not taken: {done.failed}.")
        if queued.without_address:
            note(f"Not told, because no address is known: {queued.without_address}; see --dry-run.")
        for words in done.faults:
            note(f"token-gateway: {words}")
    if done.failed:
        raise typer.Exit(REFUSED)


def _with_brand(read: Any) -> Any:
    async def both(desk: "Desk") -> "tuple[list[Due], str]":
        return await read(desk), desk.settings.tokens.brand

    return both


def _show_due(found: "list[Due]", brand: str, *, as_json: bool) -> None:
    from gateway.cli.desk import now
    from gateway.core.token import Kind, handle

    def which(one: "Due") -> str | None:
        ending = one.ending
        if ending.token_id is None or ending.token_kind is None:
            return None
        return handle(brand, Kind(ending.token_kind), ending.token_id)

    if as_json:
        show_json(
            [
                {
                    "mail": one.mail.kind,
                    "token": which(one),
                    "name": one.ending.token_name,
                    "owner": one.ending.login,
                    "to": one.ending.email or None,
                    "ends_at": one.ending.ends_at,
                    "stage_s": one.stage,
                }
                for one in found
            ]
        )
        return
    at = now()
    show_table(
        ("to", "owner", "token", "name", "ends", "", "stage"),
        [
            (
                one.ending.email or "nobody: no address",
                one.ending.login,
                which(one) or "(sign-in)",
                one.ending.token_name or "-",
                exact(one.ending.ends_at),
                relative(one.ending.ends_at, at),
                f"{in_words(one.stage)} before",
            )
            for one in found
        ],
        empty="Nobody is to be told of anything now.",
    )
