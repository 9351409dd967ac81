"""A git server as people have it: `git http-backend` behind plain CGI, with REMOTE_USER from the proxy's header.

It knows nothing of tokens. http-backend takes a push from whoever has a REMOTE_USER, and from nobody else.
"""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.e2e.harness.process import clean_env


class GitServer(ThreadingHTTPServer):
    """The repositories of a folder. `seen` holds what each request said: method, path, and its headers."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Cgi)
        self.folder = folder
        self.port: int = self.server_address[1]
        self.seen: list[tuple[str, str, list[tuple[str, str]]]] = []


class _Cgi(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: GitServer

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        self.server.seen.append((self.command, self.path, self.headers.items()))
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        variables = {
            "GIT_PROJECT_ROOT": str(self.server.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_USER": self.headers.get("X-Auth-User", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        env = clean_env({name: value for name, value in variables.items() if value})
        done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=env, timeout=60)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = [line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line]
        status = next((value for name, value in fields if name == "Status"), "200")
        self.send_response(int(status.split()[0]))
        for name, value in [*((n, v) for n, v in fields if n != "Status"), ("Content-Length", str(len(content)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815  # the name that http.server calls

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name that http.server gives it
        """Say nothing: `seen` tells it."""


@contextmanager
def git_server(folder: Path) -> Iterator[GitServer]:
    """A server of the bare repositories in the folder, in this process."""
    with GitServer(folder) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def git(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run git in a folder, without anybody's configuration, and without asking anybody anything; `more` environment."""
    env = more | {
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "Alice",
        "GIT_AUTHOR_EMAIL": "alice@example.org",
        "GIT_COMMITTER_NAME": "Alice",
        "GIT_COMMITTER_EMAIL": "alice@example.org",
    }
    argv = ["git", "-c", "init.defaultBranch=main", *words]
    return subprocess.run(argv, cwd=folder, env=clean_env(env), capture_output=True, text=True, timeout=60)
