"""The section `listen`: where the gateway listens, and on which Unix sockets."""

from typing import Annotated

from pydantic import Discriminator, Field, Tag, model_validator

from gateway.config.fault import Fault
from gateway.config.kinds.places import FileMode, SocketPath, Tcp, TcpListener
from gateway.config.kinds.texts import Line, OneOrMany
from gateway.config.section import Section, Shorthand


class UnixListener(Section):
    """A Unix socket. Who may open it is said by its mode and group; for checks, add `unix` to `trusted_proxies`."""

    unix: SocketPath = Field(
        description="The path of the socket. A relative one counts from the configuration's folder."
    )
    mode: FileMode = Field(
        default=0o660,
        description='Its file mode, in quotes. Default: "0660", its owner and its group.',
    )
    group: Line | None = Field(
        default=None,
        description="The Unix group that owns it, such as the one the proxy runs in. Default: the gateway's own.",
    )

    def __str__(self) -> str:
        return f"unix:{self.unix}"


CheckListener = TcpListener | UnixListener


def _listener_shape(value: object) -> str:
    return "<unix>" if isinstance(value, dict) or (isinstance(value, str) and value.startswith("unix:")) else "<tcp>"


def _unix_text(value: object) -> object:
    return {"unix": value.removeprefix("unix:")} if isinstance(value, str) else value


UnixEntry = Annotated[UnixListener, Shorthand(_unix_text, {"type": "string", "pattern": "^unix:."})]
CheckListenerEntry = Annotated[
    Annotated[Tcp, Tag("<tcp>")] | Annotated[UnixEntry, Tag("<unix>")],
    Discriminator(_listener_shape),
]


class Listen(Section):
    """Where the gateway listens. The defaults are reachable from this host only; anything wider has to be written."""

    check: Annotated[tuple[CheckListenerEntry, ...], OneOrMany()] = Field(
        default=(TcpListener("127.0.0.1", 9191),),
        description="Where proxies ask: `127.0.0.1:9191`, `[::1]:9191`, `unix:/run/token-gateway/check.sock`, or a "
        "mapping with `unix`, `mode` and `group`. Answers checks and nothing else. Default: 127.0.0.1:9191.",
    )
    portal: Tcp = Field(
        default=TcpListener("127.0.0.1", 9190),
        description="Where the API is served, through a proxy with TLS. Default: 127.0.0.1:9190.",
    )
    ops: Tcp = Field(
        default=TcpListener("127.0.0.1", 9192),
        description="Where health and metrics are served. Default: 127.0.0.1:9192.",
    )

    @model_validator(mode="after")
    def _no_clash(self) -> "Listen":
        taken: list[tuple[str, CheckListener]] = [(f"check[{at}]", one) for at, one in enumerate(self.check)]
        taken += [("portal", self.portal), ("ops", self.ops)]
        for at, (key, listener) in enumerate(taken):
            for other, before in taken[:at]:
                if _clash(listener, before):
                    step = ("check", at) if at < len(self.check) else (key,)
                    raise Fault(
                        f"cannot be bound beside listen.{other}", "give each listener a place of its own", at=step
                    )
        return self


def _clash(one: CheckListener, other: CheckListener) -> bool:
    if isinstance(one, TcpListener) and isinstance(other, TcpListener):
        return one.clashes(other)
    return isinstance(one, UnixListener) and isinstance(other, UnixListener) and one.unix == other.unix
