"""What one story is given: everything that runs for the session, and a way to ask through the proxy under story."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.e2e.harness.apps import Recorder
from tests.e2e.harness.client import Reply
from tests.e2e.harness.gateway import Gateway
from tests.e2e.harness.proxies import Proxy

Ask = Callable[..., Reply]


@dataclass
class World:
    """Everything that runs for the whole session. `apps`: ports by host name; `tokens`: alice's, by what they may."""

    gateway: Gateway
    recorder: Recorder
    apps: dict[str, int]
    proxies: dict[str, Proxy]
    tokens: dict[str, str]
