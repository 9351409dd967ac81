"""The demo: the gateway, the real Traefik and a sample app on free ports, and the story of six requests.

python -m demo.run            tells the story and stays up until Ctrl-C
python -m demo.run --check    tells the story and ends; exit code 0 only if every answer was right
"""

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from demo.ask import CURL
from demo.programs import ProgramError
from demo.stage import Stage
from demo.stopping import Stopped, Stopping
from demo.story import Story
from demo.terminal import Page


def main(words: list[str]) -> int:
    """Tell the story; with `--check` end after it. The exit code."""
    if words not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    stopping = Stopping()
    with ExitStack() as stack:
        with stopping.held_back():
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="token-gateway-demo-"))
        stage = Stage(Path(folder), stopping)
        stack.callback(stage.stop)
        stack.callback(stopping.ignore)  # the first on the way out
        return _play(stage, Page(), stays=not words)


def _play(stage: Stage, page: Page, *, stays: bool) -> int:
    began = time.monotonic()
    story = Story(stage, page)
    told = False
    try:
        story.open()
        stage.set()
        story.tell()
        told = True
        if story.wrong:
            _trouble(stage, page, "Not as it must be: " + "; ".join(story.wrong))
            return 1
        if stays:
            story.closing()
            stage.stay()
        page.plain()
        page.plain(f"  Every answer was right ({time.monotonic() - began:.1f} s{'' if CURL else ', without curl'}).")
    except Stopped as stopped:
        page.plain()
        return 0 if told and stays else 128 + stopped.number
    except (ProgramError, OSError) as error:
        _trouble(stage, page, str(error))
        return 1
    return 0


def _trouble(stage: Stage, page: Page, words: str) -> None:
    page.trouble(words)
    for name, lines in stage.logs():
        if not lines:
            continue
        page.title(name)
        for line in lines:
            page.plain(f"  {line}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
