"""A sign-in that is overtaken while its password is being compared."""

import pytest

from gateway.auth.owners import set_enabled
from gateway.auth.refused import Refused
from gateway.core.owner import OwnerKind
from tests.unit.auth.signing_in import OTHER, ROOT, front


@pytest.mark.parametrize("act", ["disable", "password"])
async def test_who_was_stopped_while_the_password_was_compared_does_not_come_in(installed, act, monkeypatch):
    async with front(installed) as at:
        await at.user("bob")
        run = at.pool.run
        overtaken = False

        async def slowly(work, lane=None):
            nonlocal overtaken
            found = await run(work, lane)
            if not overtaken:
                overtaken = True
                if act == "disable":
                    await set_enabled(at.desk, actor=ROOT, kind=OwnerKind.USER, login="bob", enabled=False)
                else:
                    await at.set_password("bob", OTHER)
            return found

        monkeypatch.setattr(at.pool, "run", slowly)
        with pytest.raises(Refused):
            await at.enter("bob")
    assert installed.rows("SELECT count(*) FROM sessions") == [(0,)]
