"""Gateways that break the promise on purpose, for the proof to find them.

The words of a `sitecustomize` module, which Python runs first in every process whose PYTHONPATH leads to it: there is
no entry into the gateway itself for this.
"""

from typing import Final

MUTANTS: Final = {
    "a lease that is believed for five seconds": """
from gateway.auth.lease import Lease
begin = Lease.__init__
def patched(self, feed, *, bound_s, **more):
    begin(self, feed, bound_s=5.0, **more)
Lease.__init__ = patched
""",
    "an Allow that stands whatever was changed": """
from gateway.auth.authenticate import Authenticator
still_holds = Authenticator.still_holds
def patched(self, epoch):
    return still_holds(self, epoch) or True
Authenticator.still_holds = patched
""",
    "states of tokens and owners that the feed does not take back": """
from gateway.auth.cache import TokenStates
TokenStates.apply = lambda self, rows: None
""",
    "refuses every hundredth check": """
from gateway.web.check.service import CheckService
again, count = CheckService.again, iter(range(1 << 60))
recall = CheckService.recall
def patched(self, standing):
    return next(count) % 100 != 99 and again(self, standing)
def refusing(self, dialect, headers):
    from gateway.web.check.answer import refused
    from gateway.core.decision import Deny
    from gateway.core.reason import Reason
    from gateway.web.check.standing import Known
    if next(count) % 100 == 99:
        settings = self.settings
        deny = Deny(reason=Reason.NO_ROUTE)
        words = refused(deny, wants_html=False, realm=settings.realm, support_contact=settings.support_contact)
        return Known(dialect.reply(words), None)
    return recall(self, dialect, headers)
CheckService.again, CheckService.recall = patched, refusing
""",
}
