"""What is part of the wheel and was not written here: each part with its version, its licence, and its files.

Nothing updates these by itself. Whoever replaces one writes its version and the hashes here; a test compares.
"""

from dataclasses import dataclass
from hashlib import sha256

from supply.lock import ROOT

FOLDER = ROOT / "gateway" / "web" / "portal" / "static" / "vendor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendored:
    """One part. `files`: names in the folder, with the beginning of their SHA-256; `licence_file` holds its notice."""

    name: str
    version: str
    licence: str
    what: str
    licence_file: str
    files: tuple[tuple[str, str], ...]


PARTS = (
    Vendored(
        name="lucide-static",
        version="1.62.0",
        licence="ISC AND MIT",
        what="The icons of the portal, some of them, as one sprite",
        licence_file="icons.LICENSE.txt",
        files=(("icons.svg", "b6d27979858fb3b8"), ("icons.LICENSE.txt", "b495047bd93a9b06")),
    ),
    Vendored(
        name="modern-normalize",
        version="3.0.1",
        licence="MIT",
        what="The base of the portal's style sheet",
        licence_file="modern-normalize.LICENSE.txt",
        files=(
            ("modern-normalize.LICENSE.txt", "52390989c3437957"),
            ("modern-normalize.css", "b4ad31da9b1b17de"),
        ),
    ),
)


def hash_of(file: str) -> str:
    """The beginning of a file's SHA-256."""
    return sha256((FOLDER / file).read_bytes()).hexdigest()[:16]
