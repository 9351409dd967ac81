"""A sample app: prints the request that reached it, as JSON or, for browsers, as a page. It knows of no gateway.

python app.py PORT
"""

import json
import sys
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Echo(BaseHTTPRequestHandler):
    """Answers every request with its own first line and headers."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """200, with what came."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        wants_page = "text/html" in self.headers.get("Accept", "")
        kind, body = ("text/html", self._page()) if wants_page else ("application/json", self._json())
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815  # names that the base class calls

    def _json(self) -> bytes:
        seen = {"request": f"{self.command} {self.path}", "headers": self.headers.items()}
        return json.dumps(seen, indent=2).encode() + b"\n"

    def _page(self) -> bytes:
        rows = "".join(f"<tr><th>{escape(name)}<td>{escape(value)}" for name, value in self.headers.items())
        style = "body{font:16px/1.6 system-ui;margin:3rem auto;max-width:50rem}th{text-align:left;padding-right:1.5rem}"
        head = f"<!doctype html><html lang=en><meta charset=utf-8><title>Sample app</title><style>{style}</style>"
        return f"{head}<h1>The app got</h1><p><code>{escape(self.requestline)}</code><table>{rows}</table>".encode()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """One line a request on stdout."""
        print(format % args, flush=True)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
