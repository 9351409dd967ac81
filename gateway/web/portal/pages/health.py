"""How the gateway is: its processes, what they remember and how old their word is, the store, the audit, the mails."""

from gateway.auth.audit_export import SHORTEST_MAC
from gateway.auth.census import ProcessSeen
from gateway.auth.health import see_health
from gateway.web.portal.page import Answer, Link, Page, Shown, Visit

SILENT_S = 10.0  # from when on a process that said nothing is not taken for well


async def show(visit: Visit) -> Answer:
    """All of it at this moment."""
    found = await see_health(visit.desk, actor=visit.actor, ask=visit.parts.census)
    census = found.census
    return Shown(
        template="health.html",
        data={
            "health": found,
            "census": census,
            "states": [] if census is None else [(one, state(one, census.configuration)) for one in census.processes],
            "checks": sorted((census.checks if census else {}).items(), key=lambda one: (-one[1], one[0])),
            "head": found.audit_head.mac.hex()[:SHORTEST_MAC],
        },
    )


def state(process: ProcessSeen, configuration: int) -> str:
    """`well`, or what is the matter: `starting`, `silent`, `behind` the newest configuration, `not_accepting`,
    `cached` answers only, or `no_store`.
    """
    if process.pid is None or not process.configuration or process.heard_s is None:
        return "starting"
    if process.heard_s > SILENT_S:
        return "silent"
    if not process.is_accepting:
        return "not_accepting"
    if not process.has_store:
        return "cached" if process.is_cached else "no_store"
    return "well" if process.configuration == configuration else "behind"


PAGES = (
    Page(
        name="health",
        path="/health",
        show=show,
        permissions=frozenset({"explain"}),
        link=Link(label="Health", icon="activity", group="admin"),
    ),
)
