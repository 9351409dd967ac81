"""A cell of a table: its text, and perhaps a colour."""

from typing import NamedTuple


class Styled(NamedTuple):
    """Coloured text; its words say the same, for those who see no colour."""

    text: str
    style: str


Cell = str | Styled
