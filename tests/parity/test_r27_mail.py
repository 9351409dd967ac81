"""R27: mail before tokens expire, from cron with what would be sent, and by the serving process itself.

Also what goes to the owner besides: somebody else made a token for them, and the use of a secret that was replaced.
"""

import json
import time

import pytest

from tests.installation import Installation, handle
from tests.parity.living import installed, secret_of
from tests.post_office import CA_FILE, PASSWORD, USER, post_office

PLAIN = "mail: {{host: localhost, port: {port}, security: none, from: gw@example.org}}\n"
SECURED = (
    "mail: {{host: localhost, port: {port}, from: gw@example.org, user: {user}, password_file: smtp-password, "
    "ca_file: {ca}}}\n"
)


def with_mail(installation: Installation, text: str) -> None:
    """Add the section to the configuration."""
    installation.config.write_text(installation.config.read_text("utf-8") + text, "utf-8")


def age(installation: Installation) -> None:
    """Let every token be as if it had been made a year ago."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(installation.database, isolation_level=None)) as connection:
        connection.execute("UPDATE tokens SET created_at = created_at - 365 * 86400 * 1000000")


def test_r27_from_cron_each_stage_is_told_once_and_a_dry_run_tells_who_would_be(installation: Installation) -> None:
    installation.ok("user", "add", "zoe", "--name", "Zoë Ämple", "--email", "zoe@example.org", "--group", "staff")
    installation.ok("user", "add", "nomail", "--group", "staff")
    installation.ok("app", "add", "nightly", "--contact", "ops@example.org", "--group", "staff")
    for owner, days in (("--user zoe", 25), ("--user nomail", 25), ("--app nightly", 6), ("--user zoe", 80)):
        name = f"in {days} days"
        installation.ok("token", "create", *owner.split(), "--name", name, "--expires", f"{days}d", "--scope", "rest")
    age(installation)
    refused = installation.run("token", "notify-expiring")
    assert refused.code == 2
    assert "names no mail server" in refused.err
    with post_office(security="starttls", login=True) as office:
        with_mail(installation, SECURED.format(port=office.port, user=USER, ca=CA_FILE))
        password = installation.folder / "smtp-password"
        password.touch(0o600)
        password.write_text(PASSWORD + "\n")
        would = installation.ok("token", "notify-expiring", "--dry-run", "--json").json
        assert {(one["owner"], one["to"], one["stage_s"] / 86400) for one in would} == {
            ("zoe", "zoe@example.org", 30),
            ("nomail", None, 30),
            ("nightly", "ops@example.org", 7),
        }
        assert "nobody: no address" in installation.ok("token", "notify-expiring", "--dry-run").out
        assert not office.mails
        sent = installation.ok("token", "notify-expiring", "--json").json
        assert (sent["sent"], sent["failed"], sent["without_address"]) == (2, 0, 1)
        again = installation.ok("token", "notify-expiring", "--json").json
        assert (again["sent"], again["without_address"]) == (0, 1)
    told = {mail["To"]: mail for mail in office.mails}
    assert set(told) == {"zoe@example.org", "ops@example.org"}
    assert "expires in 25 days" in told["zoe@example.org"]["Subject"]
    assert "Zoë Ämple" in told["zoe@example.org"].get_content()
    assert {secured for _, _, secured in office.envelopes} == {"tls"}
    actions = [row["action"] for row in installation.ok("audit", "list", "--json").json]
    assert actions.count("mail_sent") == 2
    assert PASSWORD not in installation.config.read_text("utf-8") + repr(installation.on_disk())


def test_r27_the_gateway_tells_by_itself_what_happens_and_no_mail_holds_a_secret(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with post_office() as office:
        living = installed(installation)
        try:
            living.stop()
            living.write(PLAIN.format(port=office.port))
            living.start()
            owner = living.user()
            for _ in range(200):  # the first look begins at the end of what happened
                if installation.rows("SELECT mail_seq FROM meta") != [(None,)]:
                    break
                time.sleep(0.05)
            token = living.token(owner, "rest", name="made by hand")
            fresh = living.run("token", "rotate", handle(token)).out.strip()
            assert living.reason("/api/x", token) != "allowed"
            living.stop()  # writes what was refused into the audit; the next start reads it, as any other host would
            living.start()
            for _ in range(200):
                if len(office.mails) >= 3:
                    break
                time.sleep(0.05)
            metrics = living.get(living.ops, "/metrics")[2].decode()
        finally:
            living.stop()
    assert [mail["To"] for mail in office.mails] == [f"{owner}@example.org"] * 3
    subjects = [mail["Subject"] for mail in office.mails]
    assert sorted(subjects) == [
        "A new secret for your token made by hand",
        "A token was made for you: made by hand",
        "An old secret of token made by hand was used",
    ]
    everything = "".join(office.texts()) + repr(office.raw) + living.log.read_text()
    assert handle(token) in everything
    assert secret_of(token) not in everything
    assert secret_of(fresh) not in everything
    assert "192.0.2.7" in next(text for text in office.texts() if "take it for a leak" in text.replace("\n", " "))
    assert "token_gateway_mails_sent_total" in metrics


def test_mail_test_says_what_the_server_says(installation: Installation) -> None:
    with post_office() as office:
        with_mail(installation, PLAIN.format(port=office.port))
        assert json.loads(installation.ok("mail", "test", "--to", "you@example.org", "--json").out)["sent"]
        assert [mail["To"] for mail in office.mails] == ["you@example.org"]
        office.replies["*"] = "550 5.7.1 relaying denied"
        refused = installation.run("mail", "test", "--to", "you@example.org")
        assert refused.code == 2
        assert f"localhost:{office.port}: 550 5.7.1 relaying denied" in refused.err
    assert "Connection refused" in installation.run("mail", "test", "--to", "you@example.org").err
    assert "not an e-mail address" in installation.run("mail", "test", "--to", "you").err
