"""What has to hold for an Allow to be given once more, to the same head, without being judged anew."""

from datetime import datetime
from typing import NamedTuple

from gateway.core.network import Address
from gateway.core.reason import Reason
from gateway.core.route import Route
from gateway.web.check.dialect import Answer


class Standing(NamedTuple):
    """The Allow stands while the settings are the same object, the epoch is the same, and it is before `until`.

    `epoch` moves with every row of the change feed and with every turn in a token's life. The rest is what a repetition
    is counted, limited and measured by.
    """

    settings: object
    epoch: int
    until: datetime | None
    dialect: str
    reason: Reason
    route: Route
    token_id: str | None
    address: Address | None


class Known(NamedTuple):
    """An answer from memory. `standing` None: the next such head has to be judged like this one."""

    answer: Answer
    standing: Standing | None
