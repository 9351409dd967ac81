"""What a store says about itself: epoch, brand, revocation bound, registered keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import literal, null, select, union_all
from sqlalchemy.sql.expression import CompoundSelect

from gateway.store.errors import InstallationMismatch, StoreError
from gateway.store.tables import keys, meta


class StoreKey(Protocol):
    """What the store needs of a key of the key file (`gateway.auth.keyring.Key` is one)."""

    @property
    def id(self) -> str:
        """The public id that rows name the key by."""
        ...

    @property
    def audit_key(self) -> bytes:
        """The key of the audit chain's MACs."""
        ...

    @property
    def check(self) -> str:
        """A value by which the store recognises the key, and that tells nothing about it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreMeta:
    """The installation's values that all of its hosts share. They live in the store, not in YAML."""

    epoch: str
    brand: str
    bound_s: float
    serve_cached_for_s: float  # beyond the bound, for hosts that cannot reach the store
    cached_until: datetime | None  # when an earlier, longer such span is over everywhere
    keys: Mapping[str, str]  # id -> check value, of every registered key


def meta_statement() -> CompoundSelect[Any]:
    """One statement for the meta row and the registered keys, told apart by their first column."""
    own = select(
        literal("meta"), meta.c.epoch, meta.c.brand, meta.c.bound_ms, meta.c.serve_cached_for_ms, meta.c.cached_until
    )
    registered = select(literal("key"), keys.c.id, keys.c.check_value, null(), null(), null())
    return union_all(own, registered)


def read_meta(rows: Sequence[Any]) -> StoreMeta:
    """The value from the rows of `meta_statement`; StoreError when there is no meta row."""
    registered = {row[1]: row[2] for row in rows if row[0] == "key"}
    for kind, epoch, brand, bound_ms, serve_cached_for_ms, cached_until in rows:
        if kind == "meta":
            return StoreMeta(
                epoch=epoch,
                brand=brand,
                bound_s=bound_ms / 1000,
                serve_cached_for_s=serve_cached_for_ms / 1000,
                cached_until=cached_until,
                keys=registered,
            )
    raise StoreError("the store has no meta row; `token-gateway store restore` a backup")


def refuse_other_installation(found: StoreMeta, own: Sequence[StoreKey]) -> None:
    """InstallationMismatch when a key of the key file is not the one that this store knows by its id."""
    for key in own:
        if found.keys.get(key.id, key.check) != key.check:
            raise InstallationMismatch(
                f"key_file: key {key.id} is not the one that this store knows by that id; check key_file and store.url"
            )
