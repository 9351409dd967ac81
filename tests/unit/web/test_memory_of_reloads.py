"""A reload leaves nothing of the configuration before it in memory, however much was remembered under that."""

import gc
from dataclasses import replace

from gateway.web.check.service import CheckSettings
from tests.lanes import LOOPBACK, Listener, Pipe, a_check, parsed


def known(settings) -> bool:
    """Whether an object is still anywhere in memory, by its identity."""
    gc.collect()
    return any(id(one) == settings for one in gc.get_objects() if type(one) is CheckSettings)


async def test_what_is_remembered_keeps_no_configuration_that_was_replaced(house):
    gc.freeze()  # what the tests before left is walked over no more
    token, presented = house.keep()
    listener = Listener(house, LOOPBACK)
    pipe = Pipe(listener)
    with_token = b"Authorization: Bearer " + presented + b"\r\n\r\n"
    heads = [a_check(f"/api/{number}")[:-2] + with_token for number in range(20)]
    heads += [a_check(f"/public/{number}") for number in range(20)]

    async def ask_all():
        for head in heads * 3:
            assert parsed(await pipe.ask(head))[0] == 200

    await ask_all()
    lane = listener.server.lane
    remembered = (lane.repeated.kept, lane.alike.kept, listener.service.counted()["allows"])
    assert all(len(kept) for kept in remembered), "there is something to forget"
    old = listener.service.settings
    listener.server.use(replace(old), LOOPBACK)
    number = id(old)
    assert known(number)
    del old
    assert not known(number)
    await ask_all()
    await listener.usage.write()
    assert sum(use.count for use in house.store.uses if use.token_id == token.id) == 2 * 3 * 20
