"""A short soak: mixed load and churn on two workers; counts are exact, nothing grows, nobody is refused by mistake."""

from tests.post_office import post_office
from tests.soak.run import soak


def test_a_short_soak_leaves_exact_counts_and_nothing_behind(installation):
    with post_office() as office:
        soaked = soak(installation, office, seconds=20, warm_up_s=8, fill=500, say=print)
    # Caches and pools are not full yet in so short a time: this is what they may take.
    assert soaked.faults(mb_per_minute=None, mb_grown=30, descriptors=8) == []
    assert soaked.ledger.allowed.total() > 300
    assert soaked.ledger.refused.total() > 20
    assert min(soaked.ledger.malformed, soaked.ledger.dropped) > 20
    assert {"make", "rotate", "rotate_with_grace", "revoke", "edit", "suspend_and_resume"} <= soaked.churn.keys()
    assert {"disable_and_enable", "reload", "mail", "look"} <= soaked.churn.keys()
    assert soaked.ledger.api.keys() >= {200, 201, 204, 400, 404}
    assert soaked.mails > 0
    assert len(soaked.settled()) == 4, "the parent, two workers, the portal"
