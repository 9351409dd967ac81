"""Headers as a check brings them: pairs in the order they came, and a quicker form for heads without a doubled name."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import overload

Headers = Sequence[tuple[bytes, bytes]]


class SingleHeaders(Sequence[tuple[bytes, bytes]]):
    """Headers of which each name came once, in lower case: to be looked up instead of searched through."""

    __slots__ = ("values",)

    def __init__(self, values: Mapping[bytes, bytes]) -> None:
        self.values = values

    def among(self, names: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
        """Those of these names that are there."""
        values = self.values
        return [(name, values[name]) for name in names if name in values]

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self.values.items())

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, index: int) -> tuple[bytes, bytes]: ...

    @overload
    def __getitem__(self, index: slice) -> list[tuple[bytes, bytes]]: ...

    def __getitem__(self, index: int | slice) -> tuple[bytes, bytes] | list[tuple[bytes, bytes]]:
        return list(self.values.items())[index]
