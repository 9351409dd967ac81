"""What a process that answers needs of a configuration, without the configuration: all that a check worker gets.

The parent has read it with a schema, positions and defaults; a worker that took it so would import what reads it.
"""

from dataclasses import dataclass
from pathlib import Path

from gateway.web.check.service import CheckSettings
from gateway.web.check.trust import Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Essentials:
    """Of one generation: how to open the installation, how to log, and by what checks are judged."""

    store_url: str
    key_file: Path
    brand: str
    cached_tokens: int
    log_level: str
    log_as_json: bool
    check: CheckSettings
    trust: Trust
