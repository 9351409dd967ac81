"""Five hundred wrong passwords a second from one address: the checks do not feel it, and nobody is kept out.

Judged by counts and by processor time, not by the clock: machines are shared.
"""

import asyncio
import contextlib
import json
import os
import time
from collections import Counter
from pathlib import Path

import aiohttp
from playwright.async_api import expect

from tests.portal.harness.site import PORTAL, SECURE

RATE, SECONDS = 500, 4
CHECKS = 20
TICKS = os.sysconf("SC_CLK_TCK")


def processor_s(pid: int) -> float:
    """What the process has taken so far, user and system."""
    words = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


async def guess(house, login: str, statuses: Counter[int]) -> None:
    """Wrong passwords at that rate, whether they are answered or not."""
    url = f"http://127.0.0.1:{house.portal_port}/api/v1/session"
    headers = {"Host": PORTAL, "Origin": SECURE, "X-Forwarded-For": "203.0.113.66", "Content-Type": "application/json"}
    connector = aiohttp.TCPConnector(limit=64)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def one(number: int) -> None:
            body = json.dumps({"login": login, "password": f"wrong password number {number}"})
            with contextlib.suppress(aiohttp.ClientError):
                async with session.post(url, data=body) as answer:
                    statuses[answer.status] += 1

        began, tasks = time.monotonic(), []
        for number in range(RATE * SECONDS):
            tasks.append(asyncio.create_task(one(number)))
            await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))
        await asyncio.gather(*tasks)


async def test_five_hundred_wrong_passwords_a_second_slow_no_check_and_keep_nobody_out(tabs, house, person):
    made = await house.token(person, "busy")
    token = made.whole.reveal()
    assert house.gateway.process is not None
    pid = house.gateway.process.pid
    statuses: Counter[int] = Counter()
    page = await tabs.tab(address=person.address)
    await page.goto("/sign-in")
    assert (await house.use(token))[0] == 200  # known from now on: what is tried are checks, not argon2 for a new token
    before = processor_s(pid)
    attack = asyncio.create_task(guess(house, person.login, statuses))
    checks = Counter([(await house.use(token))[0] for _ in range(CHECKS)])
    assert not attack.done()
    # The person signs in meanwhile, from where they always do, though it is their account that is attacked.
    await page.get_by_label("Login").fill(person.login)
    await page.get_by_label("Password").fill(person.password)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="My account", level=1)).to_be_visible()
    await attack
    spent = processor_s(pid) - before
    assert checks == {200: CHECKS}
    assert sum(statuses.values()) == RATE * SECONDS
    assert statuses[429] + statuses[503] > 0.9 * RATE * SECONDS, statuses
    assert set(statuses) <= {403, 429, 503}, statuses
    # Each password that was compared cost some 40 ms; the others a millisecond each, or the limit would be no limit.
    assert spent < 0.004 * RATE * SECONDS, f"{spent:.1f} s of a processor for {RATE * SECONDS} guesses"
    assert await house.use(token) == (200, f"app.example.org was told {person.login}")
