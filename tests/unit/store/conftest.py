"""One SQLite store for the tests of what only SQLite has."""

from tests.contract.conftest import backend, store, templates

__all__ = ["backend", "store", "templates"]
