"""`token-gateway` at a moment that never passes, with tokens drawn from a seed: for pictures that are always the same.

python -m tests.portal.harness.frozen 2026-11-24T09:41:00+00:00 serve ...

Nothing that is drawn here is a secret, and nothing but the screenshots runs this way.
"""

import random
import secrets
import sys
from datetime import datetime

from gateway.cli import desk
from gateway.runtime import opened


def freeze(at: datetime, seed: str) -> None:
    """From now on it is `at`, and chance is no chance."""

    def moment() -> datetime:
        return at

    desk.now = opened.now = moment
    drawn = random.Random(seed)
    secrets.token_bytes = lambda nbytes=32: drawn.randbytes(nbytes)
    secrets.token_hex = lambda nbytes=32: drawn.randbytes(nbytes).hex()


if __name__ == "__main__":
    freeze(datetime.fromisoformat(sys.argv[1]), f"process {sys.argv[2:3]}")
    from gateway.cli.main import run

    sys.argv = ["token-gateway", *sys.argv[2:]]
    run()
