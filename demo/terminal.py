"""How the story looks: calm, colour only on a terminal."""

import os
import sys
import textwrap
from typing import TextIO

WIDTH = 96


class Page:
    """Writes the story to a stream."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._colours = out.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"

    def title(self, words: str) -> None:
        """The headline of the page."""
        self._write(f"\n  {self._in('1', words)}")

    def chapter(self, number: int, words: str) -> None:
        """The headline of one step."""
        self._write(f"\n  {self._in('1;36', str(number))}  {self._in('1', words)}")

    def say(self, words: str) -> None:
        """A sentence or two."""
        for line in textwrap.wrap(words, WIDTH - 5):
            self._write(f"     {line}")

    def pair(self, name: str, words: str) -> None:
        """A name and what it is."""
        self._write(f"     {name:<9} {words}")

    def command(self, line: str) -> None:
        """What is typed."""
        self._write(f"\n     {self._in('2', '$')} {line}")

    def reply(self, line: str, *, quiet: bool = False) -> None:
        """One line of an answer."""
        self._write(f"     {self._in('2', line) if quiet else line}")

    def held(self, words: str, *, is_so: bool) -> None:
        """What must be so, and whether it is."""
        mark = self._in("32", "✓") if is_so else self._in("1;31", "✗ not so:")
        self._write(f"     {mark} {words}")

    def trouble(self, words: str) -> None:
        """What went wrong."""
        self._write(f"\n  {self._in('1;31', words)}")

    def plain(self, line: str = "") -> None:
        """A line as it is."""
        self._write(line)

    def _in(self, code: str, words: str) -> str:
        return f"\x1b[{code}m{words}\x1b[0m" if self._colours else words

    def _write(self, line: str) -> None:
        print(line, file=self._out, flush=True)
