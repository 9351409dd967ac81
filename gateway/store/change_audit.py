"""Changes to the audit log itself: what checks were refused, and rows that are old enough to go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select

from gateway.store.audit import Subject
from gateway.store.audit_chain import ITSELF, PRUNED
from gateway.store.ledger import Ledger
from gateway.store.tables import audit, tokens

STALE_SECRET = "stale_secret"
PRUNED_AT_ONCE = 20_000  # nobody else writes meanwhile
CHECKS = Subject(kind="gateway", id="checks")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRefusal:
    """How often checks refused one known token for one reason within a minute, and the last of them."""

    token_id: str
    reason: str
    count: int
    first_at: datetime
    last_at: datetime
    last_address: str
    host: str
    route: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownRefusals:
    """How many checks of a minute were refused for values that are no token, by reason and by network.

    The networks are those that most came from, with at least how many. `unlisted`: refusals of known tokens that got no
    record of their own, because there were too many.
    """

    count: int
    first_at: datetime
    last_at: datetime
    reasons: Mapping[str, int]
    networks: Sequence[tuple[str, int]]
    unlisted: int = 0


class AuditChanges(Ledger):
    """The part of a `Change` that is about the audit log."""

    async def add_refusals(self, known: Sequence[TokenRefusal], unknown: Sequence[UnknownRefusals]) -> None:
        """A row for each; those of tokens that are not there are passed over."""
        ids = {refusal.token_id for refusal in known}
        named = await self._turn.execute(select(tokens.c.id, tokens.c.name).where(tokens.c.id.in_(ids)))
        names: dict[str, str] = {row.id: row.name for row in named}
        for one in known:
            if one.token_id in names:
                subject = Subject(kind="token", id=one.token_id, label=names[one.token_id])
                detail = _extent(one) | {"reason": one.reason, "host": one.host, "route": one.route}
                is_stale = one.reason == STALE_SECRET
                self.audit(
                    "stale_secret_used" if is_stale else "token_refused", subject, detail, address=one.last_address
                )
        for some in unknown:
            networks = [[network, count] for network, count in some.networks]
            more = {"reasons": dict(some.reasons), "networks": networks, "unlisted": some.unlisted}
            self.audit("refused_unknown", CHECKS, _extent(some) | more)

    async def prune_audit(self, before: datetime, *, fault: str = "") -> int:
        """Remove the oldest rows, up to the first that is not older than `before`, and leave a checkpoint.

        At most `PRUNED_AT_ONCE` in one change; returns how many went, and writes nothing when that is none. `fault` is
        what a verification found just before: it stays on the record.
        """
        oldest = (await self._turn.execute(select(func.min(audit.c.seq)))).scalar_one()
        if oldest is None:
            return 0
        beyond = oldest + PRUNED_AT_ONCE
        young = select(func.min(audit.c.seq)).where(audit.c.seq < beyond, audit.c.at >= before)
        kept = (await self._turn.execute(young)).scalar_one() or beyond
        last = select(audit.c.seq, audit.c.mac).where(audit.c.seq < kept).order_by(audit.c.seq.desc()).limit(1)
        row: Any = (await self._turn.execute(last)).one_or_none()
        if row is None:
            return 0
        gone = (await self._turn.execute(delete(audit).where(audit.c.seq <= row.seq))).rowcount
        detail = {"before": before.isoformat(), "removed": gone, "last_seq": row.seq, "last_mac": row.mac.hex()}
        self.audit(PRUNED, ITSELF, detail | ({"fault": fault} if fault else {}))
        return gone


def _extent(refusals: TokenRefusal | UnknownRefusals) -> dict[str, Any]:
    return {
        "count": refusals.count,
        "first_at": refusals.first_at.isoformat(),
        "last_at": refusals.last_at.isoformat(),
    }
