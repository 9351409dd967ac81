"""One request by a real HTTP client: curl where it is there, else Python's own, behind the same curl line."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit

LIMIT_S = 10
CURL = shutil.which("curl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the client got."""

    status: int
    phrase: str
    headers: Sequence[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """The values of a header, joined; empty when it is not there."""
        return ", ".join(value for key, value in self.headers if key.lower() == name.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked. A header may name a shell variable (`$READ`), so that the line shows it and not its value."""

    url: str
    method: str = "GET"
    headers: Sequence[str] = ()

    def line(self, variables: Mapping[str, str] | None = None) -> str:
        """The curl line, to paste; with `variables`, their values in the place of their names."""
        words = ["curl", "-i"]
        if self.method != "GET":
            words += ["-X", self.method]
        for header in self.headers:
            words += ["-H", f'"{_fill(header, variables or {})}"']
        return " ".join([*words, self.url])

    def send(self, variables: Mapping[str, str]) -> Answer:
        """Ask, by curl or by http.client. OSError when there is no answer."""
        headers = [_fill(header, variables) for header in self.headers]
        return self._by_curl(headers) if CURL else self._by_python(headers)

    def _by_curl(self, headers: Sequence[str]) -> Answer:
        words = ["curl", "-q", "-s", "-i", "--noproxy", "*", "--max-time", str(LIMIT_S), "-X", self.method]
        for header in headers:
            words += ["-H", header]
        done = subprocess.run([*words, self.url], executable=CURL, capture_output=True, check=False)
        if done.returncode != 0:
            raise ConnectionError(f"curl ended with {done.returncode}: {self.line()}")
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        _, status, phrase = (first + "  ").split(" ", 2)
        pairs = [(name, value.strip()) for name, _, value in (line.partition(":") for line in rest)]
        return Answer(status=int(status), phrase=phrase.strip(), headers=pairs, body=body)

    def _by_python(self, headers: Sequence[str]) -> Answer:
        parts = urlsplit(self.url)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=LIMIT_S)
        try:
            connection.request(
                self.method,
                parts.path,
                headers={name: value.strip() for name, _, value in (header.partition(":") for header in headers)},
            )
            got = connection.getresponse()
            return Answer(status=got.status, phrase=got.reason, headers=got.getheaders(), body=got.read())
        finally:
            connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the sample app says that it got."""

    headers: Sequence[tuple[str, str]]
    text: str

    @classmethod
    def of(cls, answer: Answer) -> "Seen | None":
        """Read the app's JSON; None when the answer is not the app's."""
        try:
            told = json.loads(answer.body)
            return cls(headers=[(name, value) for name, value in told["headers"]], text=answer.body.decode())
        except (ValueError, KeyError, TypeError):
            return None

    def values(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


def _fill(text: str, variables: Mapping[str, str]) -> str:
    for name, value in variables.items():
        text = text.replace(f"${name}", value)
    return text
