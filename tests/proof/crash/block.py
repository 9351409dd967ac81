"""Some rounds in a process of their own, to the first fault."""

import tempfile
import time
from pathlib import Path

from tests.proof.crash.plan import plan
from tests.proof.crash.rounds import Result, crashing


def block(seeds: range, end: float) -> tuple[Result, str]:
    """Some rounds on one installation, and the first fault, with which it ends."""
    result, seed = Result(), seeds[0]
    if time.monotonic() > end:
        return result, ""
    try:
        with tempfile.TemporaryDirectory() as scratch, crashing(Path(scratch)) as crashes:
            result = crashes.result
            for seed in seeds:
                if time.monotonic() > end:
                    break
                crashes.round(seed)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what was looked for
        return result, f"{plan(seed)}: {type(error).__name__}: {error}"
    return result, ""
