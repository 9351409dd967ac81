"""What an operator may write in `limits` and `caches`."""

from typing import Annotated

from pydantic import Field

from gateway.config.kinds.counts import Count
from gateway.config.kinds.rates import MaxRate
from gateway.config.section import Section
from gateway.core.limits import Rate


class Limits(Section):
    """What a worker lets pass of what is asked too often. More of it is refused as `limited`, with Retry-After."""

    failures: MaxRate = Field(
        default=Rate(burst=60, period_s=1.0),
        description="Wrong tokens from one client network (an IPv4 address, or the /64 of an IPv6 one), such as "
        "`60/m`, `10/s burst 50` or `unlimited`. Right tokens from there pass, whatever others do. Default: 60/m.",
    )
    token: MaxRate = Field(
        default=None,
        description="How often one token may pass, on all routes together. Default: unlimited.",
    )
    tracked: Annotated[int, Count(1000, 10_000_000)] = Field(
        default=20_000,
        description="How many client networks, and how many pairs of token and route, are counted at once in each "
        "worker. Default: 20000.",
    )


class Caches(Section):
    """How much each worker keeps in memory."""

    tokens: Annotated[int, Count(1000, 10_000_000)] = Field(
        default=50_000,
        description="How many tokens are known without asking the store or hashing again. Set it above the number of "
        "tokens in use. Default: 50000.",
    )
