"""How much, and for how long, a listener takes: one table for both lanes of the checks, and the deadline of every head.

Read at use (`caps.NAME`), so that one table is what every lane goes by.
"""

from typing import Final

HEAD_DEADLINE_S: float = 5.0  # from a head's first byte, or from the connection's start, to its last byte
KEEPALIVE_S: Final = 75.0  # longer than proxies keep idle connections (60 s), so that they close first
WRITE_DEADLINE_S: float = 5.0  # for a peer that does not take its answers
LINGER_S: float = 1.0  # what nobody read is drained: a close before it has come could reset our answer on its way

MAX_CONNECTIONS: int = 4096
MAX_STRANGERS: int = 64  # connections of peers that may not ask: they must not keep out those that may

MAX_HEAD: Final = 65_536  # bytes of one head
MAX_FIELD: Final = 16_384  # bytes of the request's target, and of one header with its name
MAX_HEADERS: Final = 200
