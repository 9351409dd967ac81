"""Each kind of change as a command in a process of its own, as an operator types it."""

import asyncio
from datetime import datetime
from pathlib import Path

from tests.process.serving import COMMAND
from tests.proof.revocation import roster
from tests.proof.revocation.roster import Kind, Slot

_WORDS: dict[Kind, tuple[str, ...]] = {
    roster.REVOKE: ("token", "revoke", "{handle}"),
    roster.ROTATE: ("token", "rotate", "{handle}"),
    roster.GRACE: ("token", "rotate", "{handle}", "--grace", "1s"),
    roster.EXPIRE: ("token", "edit", "{handle}", "--expires", "{moment}"),
    roster.CUT: ("token", "edit", "{handle}", "--scope", "rest"),
    roster.SUSPEND: ("token", "suspend", "{handle}"),
    roster.DISABLE_USER: ("user", "disable", "{login}"),
    roster.DISABLE_APP: ("app", "disable", "{login}"),
    roster.DELETE_USER: ("user", "delete", "{login}", "--yes"),
    roster.DELETE_APP: ("app", "delete", "{login}", "--yes"),
    roster.UNGROUP: ("user", "groups", "{login}", "--remove", "staff"),
    roster.REVOKE_ALL: ("token", "revoke", "--all-of-user", "{login}"),
    roster.SUSPEND_ALL: ("token", "suspend", "--all-of-user", "{login}"),
}


class ByCommand:
    """Returns the new secret, where there is one."""

    def __init__(self, config: Path) -> None:
        self._config = config

    async def take(self, slot: Slot, moment: datetime) -> str | None:
        """Take the right away; `moment`: when an expiry is to be."""
        given = {"handle": slot.handles[0], "login": slot.login, "moment": moment.isoformat()}
        words = [word.format(**given) for word in _WORDS[slot.kind]]
        process = await asyncio.create_subprocess_exec(
            *(COMMAND, *words, "--config", str(self._config)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}: {err.decode()}")
        return out.decode().strip() if "rotate" in words else None
