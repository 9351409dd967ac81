"""The churn: what administrators do by the command line, one change after another, while checks are answered."""

import random
from collections import Counter

from tests.installation import Installation, handle
from tests.soak.roster import Roster


class Churn:
    """Makes, rotates, edits, suspends and ends tokens; disables owners; reloads; mails. `done` counts by verb."""

    def __init__(self, installation: Installation, roster: Roster, seed: int) -> None:
        self.installation, self.roster, self.chance = installation, roster, random.Random(seed)
        self.done: Counter[str] = Counter()
        self._number = 0
        self._verbs = {
            self.make: 8, self.rotate: 4, self.rotate_with_grace: 3, self.revoke: 3, self.edit: 2,
            self.suspend_and_resume: 2, self.disable_and_enable: 1, self.reload: 1, self.mail: 1, self.look: 1,
        }  # fmt: skip

    def turn(self) -> None:
        """One of them, the frequent ones more often."""
        verb = self.chance.choices(list(self._verbs), list(self._verbs.values()))[0]
        verb()
        self.done[verb.__name__] += 1

    def each(self) -> None:
        """Every one of them once."""
        for verb in self._verbs:
            verb()
            self.done[verb.__name__] += 1

    def make(self) -> None:
        """A token of bob or of the application, some about to end, so that there is somebody to mail."""
        self._number += 1
        whose = self.chance.choice([("--user", "bob"), ("--app", "cron")])
        ends = self.chance.choice(["90d", "6d", "20h"])
        words = ("token", "create", *whose, "--name", f"soak-{self._number}", "--scope", "rest", "--expires", ends)
        self.roster.add(self.installation.ok(*words).out.strip())

    def _rotate(self, *words: str) -> None:
        token = self.roster.some(self.chance)
        if token is not None:
            ran = self.installation.run("token", "rotate", handle(token), *words)
            if ran.code == 0:  # else it had ended before
                self.roster.add(ran.out.strip())

    def rotate(self) -> None:
        """A new secret; the old one dies at once."""
        self._rotate()

    def rotate_with_grace(self) -> None:
        """A new secret beside the old one."""
        self._rotate(*self.chance.choice([("--grace", "1h"), ("--until-used",)]))

    def _one(self, *words: str) -> None:
        token = self.roster.some(self.chance)
        if token is not None:
            self.installation.run("token", words[0], handle(token), *words[1:])

    def revoke(self) -> None:
        """The end of one."""
        self._one("revoke")

    def edit(self) -> None:
        """Other scopes."""
        self._one("edit", "--scope", self.chance.choice(["rest", "export"]))

    def suspend_and_resume(self) -> None:
        """Stopped, and on again."""
        token = self.roster.some(self.chance)
        if token is not None:
            self.installation.run("token", "suspend", handle(token))
            self.installation.run("token", "resume", handle(token))

    def disable_and_enable(self) -> None:
        """All tokens of bob stop, and work again."""
        self.installation.ok("user", "disable", "bob")
        self.installation.ok("user", "enable", "bob")

    def reload(self) -> None:
        """Another route, for all processes."""
        text = self.installation.config.read_text("utf-8").splitlines()
        kept = [line for line in text if "name: soak," not in line]
        kept.append(f'  - {{name: soak, host: app.example.org, path: "/soak{self._number}/**", deny: true}}')
        self.installation.config.write_text("\n".join(kept) + "\n", "utf-8")
        self.installation.ok("reload")

    def mail(self) -> None:
        """What is due."""
        self.installation.ok("token", "notify-expiring")

    def look(self) -> None:
        """Lists, and the audit from end to end, while it grows."""
        self.installation.ok("token", "list", "--json")
        self.installation.ok("audit", "verify")
