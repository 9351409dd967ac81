"""What these tests share."""

from tests.economy import no_waits_for_the_disk

__all__ = ["no_waits_for_the_disk"]
