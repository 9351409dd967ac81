"""Opening the listeners, with a clear line when that is not possible."""

import contextlib
import errno
import grp
import os
import resource
import socket
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gateway.config import TcpListener, UnixListener
from gateway.config.listen_schema import Listen
from gateway.runtime.part import BACKLOG

DESCRIPTORS = 4096 + 64 + 2 * 256 + 128  # the caps of all listeners, and the store, the feed and the log beside them


class ListenError(Exception):
    """A listener cannot be opened; the message says which, why, and what to change."""


class Sockets(NamedTuple):
    """What is listened on."""

    check: tuple[socket.socket, ...]
    portal: socket.socket
    ops: socket.socket
    sso: socket.socket | None = None  # on which the portal is asked too, by the single sign-on's proxy alone

    @property
    def of_portal(self) -> tuple[socket.socket, ...]:
        """What the portal answers on."""
        return (self.portal,) if self.sso is None else (self.portal, self.sso)


def open_all(
    listen: Listen,
    sso: UnixListener | None,
    stack: contextlib.AsyncExitStack,
    handed: Mapping[str, Sequence[socket.socket]],
) -> Sockets:
    """Open every listener, before anything else is touched; all of them or none.

    A listener that was `handed` over by the service manager is taken as it is, whatever the configuration says of it.
    """
    check = [*handed.get("check", ())]
    for opened in check:
        stack.callback(opened.close)
    for at, listener in enumerate(() if check else listen.check):
        key = f"listen.check[{at}]"
        if isinstance(listener, UnixListener):
            check.append(_kept(listener, key, stack))
        else:
            check.append(opened := open_tcp(listener, key))
            stack.callback(opened.close)
    pages = []
    for key, place in (("portal", listen.portal), ("ops", listen.ops)):
        (opened,) = handed.get(key) or (open_tcp(place, f"listen.{key}"),)
        stack.callback(opened.close)
        pages.append(opened)
    beside = None if sso is None else _kept(sso, "portal.sso.socket", stack)
    portal, ops = pages
    return Sockets(tuple(check), portal, ops, beside)


def _kept(listener: UnixListener, key: str, stack: contextlib.AsyncExitStack) -> socket.socket:
    """A unix socket that `stack` closes and removes."""
    opened = open_unix(listener, key)
    stack.callback(listener.unix.unlink, missing_ok=True)
    stack.callback(opened.close)
    return opened


def raise_descriptor_limit() -> None:
    """Have room for as many connections as the listeners take, up to what the system allows the process.

    ListenError when that is too little for the caps: a full listener would then take the store's descriptors, too.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < DESCRIPTORS <= hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))
    elif hard < DESCRIPTORS:
        raise ListenError(f"the system allows {hard} open files; the listeners need {DESCRIPTORS}: raise LimitNOFILE")


def open_tcp(listener: TcpListener, key: str) -> socket.socket:
    """A bound, listening TCP socket. `key` is the place in the configuration, for the message."""
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind((listener.host, listener.port))
        opened.listen(BACKLOG)
    except OSError as error:
        opened.close()
        raise ListenError(_words(str(listener), key, error)) from error
    opened.setblocking(False)
    return opened


def open_unix(listener: UnixListener, key: str) -> socket.socket:
    """A bound, listening unix socket with the mode and group configured. A socket that nobody answers is replaced."""
    path = listener.unix
    _remove_stale(path, key)
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    old_mask = os.umask(0o177)  # nobody else gets in between bind and chmod
    try:
        opened.bind(str(path))
    except OSError as error:
        opened.close()
        raise ListenError(_words(str(path), key, error)) from error
    finally:
        os.umask(old_mask)
    try:
        if listener.group is not None:
            os.chown(path, -1, grp.getgrnam(listener.group).gr_gid)
        path.chmod(listener.mode)
        opened.listen(BACKLOG)
    except KeyError:
        opened.close()
        path.unlink(missing_ok=True)
        raise ListenError(f"{key}: there is no group {listener.group!r} on this host; name one that exists") from None
    except OSError as error:
        opened.close()
        path.unlink(missing_ok=True)
        raise ListenError(_words(str(path), key, error)) from error
    opened.setblocking(False)
    return opened


def _remove_stale(path: Path, key: str) -> None:
    try:
        is_socket = stat.S_ISSOCK(path.lstat().st_mode)
    except FileNotFoundError:
        return
    if not is_socket:
        raise ListenError(f"{key}: {path} is there and is no socket; move it away, or listen elsewhere")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except OSError as error:
            raise ListenError(_words(str(path), key, error)) from error
    raise ListenError(f"{key}: {path} is already in use; stop the other server, or listen elsewhere")


def _words(place: str, key: str, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"{key}: {place} is already in use; stop the other server, or listen elsewhere"
        case errno.EADDRNOTAVAIL:
            return f"{key}: {place} is not an address of this host; listen on one that is"
        case errno.EACCES:
            return f"{key}: no permission to listen on {place}; choose a port above 1023, or a folder that is yours"
        case _:
            return f"{key}: cannot listen on {place}: {error.strerror or error}"
