"""Users, for who manages people. Addresses by id: see `owners`."""

from functools import partial

from gateway.core.owner import OwnerKind
from gateway.web.portal.page import Handler, Link, Page
from gateway.web.portal.pages import owner_edit, owner_stops, owners, people


def rows(kind: OwnerKind, tag: str, word: str, link: Link) -> tuple[Page, ...]:
    """The pages that users and applications have in common. `tag` is the permission too."""
    row = partial(Page, permissions=frozenset({tag}))
    one = f"/{tag}/{{id}}"

    def of(handler: owners.OfKind) -> Handler:
        return partial(handler, kind)

    return (
        row(name=tag, path=f"/{tag}", show=of(owners.show_all), link=link),
        row(
            name=f"{word}_new",
            path=f"/{tag}/new",
            show=of(owner_edit.show_new),
            act=of(owner_edit.create),
            is_once=True,
        ),
        row(name=word, path=one, show=of(owners.show)),
        row(name=f"{word}_edit", path=f"{one}/edit", show=of(owner_edit.show_edit), act=of(owner_edit.edit)),
        row(
            name=f"{word}_groups", path=f"{one}/groups", show=of(owner_edit.show_groups), act=of(owner_edit.set_groups)
        ),
        row(name=f"{word}_enable", path=f"{one}/enable", show=of(owner_stops.show_enable), act=of(owner_stops.enable)),
        row(
            name=f"{word}_disable",
            path=f"{one}/disable",
            show=of(owner_stops.show_disable),
            act=of(owner_stops.disable),
        ),
        row(name=f"{word}_delete", path=f"{one}/delete", show=of(owner_stops.show_delete), act=of(owner_stops.delete)),
    )


_row = partial(Page, permissions=frozenset({"users"}))
_ONE = "/users/{id}"
PAGES = (
    *rows(OwnerKind.USER, "users", "user", Link(label="Users", icon="users", group="admin")),
    _row(
        name="user_password",
        path=f"{_ONE}/password",
        show=people.show_password,
        act=people.give_password,
        is_once=True,
    ),
    _row(name="user_vouch", path=f"{_ONE}/vouch", show=people.show_vouch, act=people.vouch),
    _row(name="user_sign_out", path=f"{_ONE}/sign-out", show=people.show_sign_out, act=people.sign_out),
    _row(name="user_session_end", path=f"{_ONE}/sessions/{{session}}/end", show=people.show_end, act=people.end),
)
