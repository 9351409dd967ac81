"""The story of six requests: what each one is, what the client and the app got, and what must be so."""

import time
from secrets import token_urlsafe

from demo.ask import Answer, Request, Seen
from demo.stage import BIN, Stage
from demo.terminal import Page

SHOWN_HEADERS = ("www-authenticate", "x-auth-reason")


class Story:
    """The six requests. `wrong` collects what was not as it must be."""

    def __init__(self, stage: Stage, page: Page) -> None:
        self._stage = stage
        self._page = page
        self._variables: dict[str, str] = {}
        self.wrong: list[str] = []

    def open(self) -> None:
        """Who plays; before the stage is set, so that there is something to read meanwhile."""
        page, stage = self._page, self._stage
        page.title("Token Gateway: an app that knows nothing of tokens, and a proxy that asks about every request")
        page.plain()
        page.pair("app", f"http://{stage.app}  demo/app.py, prints the headers it gets")
        page.pair("Traefik", f"{stage.web}  with the config that `token-gateway proxy-config traefik` prints")
        page.pair("gateway", "asked by Traefik alone; its config is demo/token-gateway.yaml")

    def tell(self) -> None:
        """All of it, in order, on a stage that is set."""
        self._gateway("user add alice --email alice@example.org --group staff")
        self._no_token()
        self._good_token()
        self._wrong_scope()
        self._forged_identity()
        self._revoked()
        self._by_herself()

    def closing(self) -> None:
        """The pages to look at, and a token to play with; the last line is one curl to paste."""
        page, stage = self._page, self._stage
        page.title("It stays up until Ctrl-C. Yours to try, in a browser:")
        page.plain()
        for login in ("alice", "admin"):
            password = token_urlsafe(12)
            stage.gateway("user", "passwd", login, "--stdin", "--no-must-change", said=password)
            page.pair(login, f"{stage.portal}  password {password}")
        page.title("And in another terminal:")
        page.plain()
        page.plain(f"export TOKEN_GATEWAY_CONFIG={stage.config}")
        page.plain(f"{BIN / 'token-gateway'} token list")
        token = stage.gateway("token", "create", "--user", "alice", "--name", "yours", "--scope", "read")
        request = Request(url=f"{stage.web}/api/hello", headers=["Authorization: Bearer $T"])
        page.plain(request.line({"T": token}))

    def _no_token(self) -> None:
        self._page.chapter(1, "No token: refused, and the app is not asked")
        before = self._stage.asked_app()
        answer = self._ask("/api/hello")
        self._hold("the answer is 401 and says how to come back", answer.status == 401 and _challenges(answer))
        self._hold("the app was not asked", self._stage.asked_app() == before)

    def _good_token(self) -> None:
        self._page.chapter(2, "A good token: the app answers, and knows who asks")
        self._token("READ", "laptop", "read")
        answer = self._ask("/api/hello", "Authorization: Bearer $READ", shows_app=True)
        seen = Seen.of(answer)
        self._hold("the answer is 200, from the app", answer.status == 200 and seen is not None)
        self._hold("the app saw alice", _saw(seen, "X-Auth-User", "alice") and _saw(seen, "X-Auth-Groups", "staff"))
        self._hold("the app saw no token", seen is not None and self._variables["READ"] not in seen.text)

    def _wrong_scope(self) -> None:
        self._page.chapter(3, "A token without the scope for this: refused")
        before = self._stage.asked_app()
        answer = self._ask("/api/hello", "Authorization: Bearer $READ", method="POST")
        self._hold(
            "the answer is 403, insufficient_scope",
            answer.status == 403 and answer.header("X-Auth-Reason") == "insufficient_scope",
        )
        self._hold("the app was not asked", self._stage.asked_app() == before)

    def _forged_identity(self) -> None:
        self._page.chapter(4, "A forged identity does not survive, with a token or without")
        forged = "X-Auth-User: mallory"
        with_token = self._ask("/api/hello", "Authorization: Bearer $READ", forged)
        seen = Seen.of(with_token)
        self._show_identity(seen)
        self._hold("the app saw alice, and no mallory", _saw(seen, "X-Auth-User", "alice") and _lacks(seen, "mallory"))
        without = self._ask("/public/hello", forged)
        seen = Seen.of(without)
        self._show_identity(seen)
        self._hold("on the public page it saw nobody", without.status == 200 and _lacks(seen, "mallory"))

    def _revoked(self) -> None:
        self._page.chapter(5, "Revoked: refused at once")
        self._gateway(f"token revoke {self._variables['READ'].rpartition('_')[0]}")
        returned = time.monotonic()
        before = self._stage.asked_app()
        answer = self._ask("/api/hello", "Authorization: Bearer $READ")
        after_ms = round((time.monotonic() - returned) * 1000)
        self._hold(
            f"the answer is 401, revoked, {after_ms} ms after the command came back",
            answer.status == 401 and answer.header("X-Auth-Reason") == "revoked",
        )
        self._hold("the app was not asked", self._stage.asked_app() == before)

    def _by_herself(self) -> None:
        self._page.chapter(6, "People do all that by themselves: My account, in a browser")
        request = Request(url=f"{self._stage.portal}/sign-in")
        self._page.command(request.line())
        answer = request.send({})
        self._page.reply(f"HTTP/1.1 {answer.status} {answer.phrase}")
        self._hold("the portal asks who is there", answer.status == 200 and b'name="password"' in answer.body)

    def _gateway(self, line: str) -> str:
        self._page.command(f"token-gateway {line}")
        return self._stage.gateway(*line.split())

    def _token(self, variable: str, name: str, scope: str) -> None:
        words = f"token create --user alice --name {name} --scope {scope}"
        self._page.command(f"{variable}=$(token-gateway {words})")
        self._variables[variable] = self._stage.gateway(*words.split())

    def _ask(self, path: str, *headers: str, method: str = "GET", shows_app: bool = False) -> Answer:
        request = Request(url=f"{self._stage.web}{path}", method=method, headers=headers)
        self._page.command(request.line())
        answer = request.send(self._variables)
        self._page.reply(f"HTTP/1.1 {answer.status} {answer.phrase}")
        for name, value in answer.headers:
            if name.lower() in SHOWN_HEADERS:
                self._page.reply(f"{name}: {value}")
        seen = Seen.of(answer)
        if shows_app and seen is not None:
            for name, value in seen.headers:
                self._page.reply(f'  "{name}": "{value}"', quiet=not name.lower().startswith("x-auth-"))
        return answer

    def _show_identity(self, seen: Seen | None) -> None:
        for name, value in () if seen is None else seen.headers:
            if name.lower().startswith("x-auth-"):
                self._page.reply(f'  "{name}": "{value}"')

    def _hold(self, words: str, is_so: bool) -> None:
        self._page.held(words, is_so=is_so)
        if not is_so:
            self.wrong.append(words)


def _challenges(answer: Answer) -> bool:
    return "Bearer" in answer.header("WWW-Authenticate")


def _saw(seen: Seen | None, name: str, value: str) -> bool:
    return seen is not None and seen.values(name) == [value]


def _lacks(seen: Seen | None, word: str) -> bool:
    return seen is not None and word not in seen.text
