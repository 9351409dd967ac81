"""What these tests share."""

from tests.economy import cheap_hashes, no_waits_for_the_disk

__all__ = ["cheap_hashes", "no_waits_for_the_disk"]
