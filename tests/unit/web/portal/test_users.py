"""Administration of people and applications by pages: every act, every refusal in words, and who may come near."""

import re

from gateway.auth.owners import create_owner
from gateway.core.owner import OwnerKind
from tests.unit.auth.signing_in import GOOD, OTHER, ROOT
from tests.unit.web.api.managing import managing
from tests.unit.web.api.test_tokens import sql


class Visitor:
    """One of the managing people, with a browser. `{bob}` in a path is bob's id."""

    def __init__(self, house, who):
        self._house, self._who = house, who

    def _path(self, path):
        return path.format(**{name: owner.id for name, owner in self._house.owners.items()})

    async def get(self, path):
        return await self._house.at.ask("GET", self._path(path), cookie=self._house.cookies[self._who])

    async def send(self, path, **fields):
        return await self._house.at.send(self._path(path), cookie=self._house.cookies[self._who], **fields)

    async def after(self, answer):
        """The page that an answer leads to."""
        assert answer.status == 303, answer.text
        return await self.get(answer.headers["Location"])


def version(page) -> str:
    return re.search(r'name="version" value="(\d+)"', page.text)[1]


async def owner_of(house, login):
    return (await house.at.front.desk.store.owner(login=login)).owner


async def test_the_list_shows_whom_the_filters_let_pass_and_links_each_by_id(installed):
    async with managing(installed) as house:
        desk = Visitor(house, "desk")
        page = await desk.get("/users")
        for login in ("bob", "carol", "boss", "eve"):
            assert f'href="/users/{house.owners[login].id}"' in page.text
        assert house.owners["backup"].id not in page.text
        for query, shown, hidden in (
            ("search=CARO", "carol", "bob"),
            ("group=guests", "carol", "bob"),
            ("signs_in=sso", "eve", "bob"),
            ("signs_in=local", "bob", "eve"),
            ("state=enabled", "bob", None),
            ("state=disabled", None, "bob"),
            ("organisation=nowhere", None, "bob"),
        ):
            found = await desk.get(f"/users?{query}")
            assert found.status == 200
            assert shown is None or f"/users/{house.owners[shown].id}" in found.text, query
            assert hidden is None or f"/users/{house.owners[hidden].id}" not in found.text, query
        assert "No user passes all of these filters" in (await desk.get("/users?state=disabled")).text
        faulty = await desk.get("/users?group=no%20such%21")
        assert (faulty.status, "One thing" in faulty.text or "one thing" in faulty.text) == (422, True)
        twice = await desk.get("/users?group=a&group=b")
        assert (twice.status, "group is in the address twice" in twice.text.lower()) == (400, True)


async def test_a_long_list_goes_on_after_the_last_one_of_a_page_with_the_filters_kept(installed):
    async with managing(installed) as house:
        for number in range(53):
            await create_owner(
                house.at.front.desk, actor=ROOT, kind=OwnerKind.USER, login=f"many-{number:02}", groups=["staff"]
            )
        desk = Visitor(house, "desk")
        first = await desk.get("/users?search=many-")
        assert ("many-49" in first.text, "many-50" in first.text) == (True, False)
        more = re.search(r'href="(/users\?search=many-&after=many-49)"', first.text)
        second = await desk.get(more[1])
        assert ("many-49" in second.text, "many-50" in second.text, "many-52" in second.text) == (False, True, True)
        assert 'href="/users?search=many-" rel="prev"' in second.text
        assert (await desk.get("/users?after=%00")).status == 200


async def test_nobody_without_the_permission_sees_or_does_anything(installed):
    async with managing(installed) as house:
        for who in ("plain", "apps"):
            visitor = Visitor(house, who)
            for path in ("", "/new", "/{bob}", "/{bob}/edit", "/{bob}/password", "/{bob}/sign-out", "/nobody"):
                assert (await visitor.get(f"/users{path}")).status == 403, path
            for path in ("/new", "/{bob}/disable", "/{bob}/delete", "/{bob}/groups", "/{bob}/enable", "/{eve}/vouch"):
                assert (await visitor.send(f"/users{path}", login="bob", group="admins")).status == 403, path
            assert 'href="/users"' not in (await visitor.get("/sessions")).text
        assert (await owner_of(house, "bob")).enabled
        desk = Visitor(house, "desk")
        assert (await desk.get("/applications")).status == 403
        assert 'href="/users"' in (await desk.get("/sessions")).text
        assert 'href="/applications"' not in (await desk.get("/sessions")).text


async def test_an_id_that_is_not_there_or_of_the_other_kind_is_not_found_on_every_page(installed):
    async with managing(installed) as house:
        boss = Visitor(house, "boss")
        for base in ("/users/{backup}", "/users/nobody", "/applications/{bob}", "/applications/x%2Fy"):
            for act in ("", "/edit", "/groups", "/enable", "/disable", "/delete"):
                assert (await boss.get(base + act)).status == 404, base + act
                if act:
                    assert (await boss.send(base + act, login="bob", name="x")).status == 404, base + act
        for act in ("/password", "/vouch", "/sign-out", "/sessions/x/end"):
            assert (await boss.get("/users/{backup}" + act)).status == 404
            assert (await boss.get("/applications/{backup}" + act)).status == 404


async def test_a_user_is_added_with_groups_and_goes_on_to_the_initial_password(installed):
    async with managing(installed) as house:
        boss = Visitor(house, "boss")
        form = await boss.get("/users/new")
        assert "May see, make and end everybody’s tokens" in form.text
        fields = {"login": "dora", "name": "Dora <b>", "email": "dora@example.org", "group": ["staff", "desk"]}
        added = await boss.send("/users/new", organisations="acme\nwayne", **fields)
        dora = await owner_of(house, "dora")
        assert added.headers["Location"] == f"/users/{dora.id}/password"
        assert (dora.groups, dora.organisations, dora.sso) == (("desk", "staff"), ("acme", "wayne"), False)
        assert "dora is added" in (await boss.after(added)).text
        page = await boss.get(f"/users/{dora.id}")
        assert b"Dora &lt;b&gt;" in page.raw
        assert b"Dora <b>" not in page.raw + (await boss.get("/users")).raw
        away = await boss.send("/users/new", login="emil", sso="yes")
        emil = await owner_of(house, "emil")
        assert (away.headers["Location"], emil.sso) == (f"/users/{emil.id}", True)


FAULTY = (
    ({"login": "BOB"}, 409, "is the name of a user or application already, or once was"),
    ({"login": "a b"}, 422, "The login"),
    ({"login": ""}, 422, "The login"),
    ({"login": "x", "email": "nonsense"}, 422, "The e-mail address"),
    ({"login": "x", "group": "nope"}, 422, "roup nope is not declared"),
    ({"login": "x", "organisations": "a b"}, 422, "An organisation"),
    ({"login": "x", "group": "admins"}, 403, "would hold more than you do"),
)


async def test_what_cannot_be_added_is_said_with_what_was_typed(installed):
    async with managing(installed) as house:
        for fields, status, words in FAULTY:
            page = await Visitor(house, "desk").send("/users/new", name="Typed “so”", **fields)
            assert (page.status, words in page.text) == (status, True), (words, page.text)
            assert 'value="Typed “so”"' in page.text


async def test_what_is_said_of_somebody_is_edited_unless_it_changed_meanwhile(installed):
    async with managing(installed) as house:
        desk = Visitor(house, "desk")
        seen = version(await desk.get("/users/{bob}/edit"))
        fields = {"name": "Bob B.", "email": "bob@example.org", "organisations": "acme", "version": seen}
        page = await desk.after(await desk.send("/users/{bob}/edit", **fields))
        assert all(word in page.text for word in ("Saved.", "Bob B.", "bob@example.org", "acme"))
        late = await desk.send("/users/{bob}/edit", **{**fields, "name": "Another"})
        assert (late.status, 'value="Another"' in late.text) == (412, True)
        same = await desk.send(
            "/users/{bob}/edit", **{**fields, "version": version(await desk.get("/users/{bob}/edit"))}
        )
        assert "Nothing was changed" in (await desk.after(same)).text
        wrong = await desk.send("/users/{bob}/edit", name="x" * 300)
        assert (wrong.status, "The display name" in wrong.text) == (422, True)


async def test_groups_are_set_beside_those_from_elsewhere_and_none_gives_more_than_one_holds(installed):
    async with managing(installed) as house:
        desk = Visitor(house, "desk")
        form = await desk.get("/users/{bob}/groups")
        assert 'value="staff" checked' in form.text
        done = await desk.send("/users/{bob}/groups", group=["guests", "desk"], version=version(form))
        assert "The groups are set" in (await desk.after(done)).text
        assert (await owner_of(house, "bob")).groups == ("desk", "guests")
        more = await desk.send("/users/{bob}/groups", group=["admins"])
        assert (more.status, "would hold more than you do" in more.text) == (403, True)
        assert 'value="admins" checked' in more.text
        late = await desk.send("/users/{bob}/groups", group=["staff"], version=version(form))
        assert late.status == 412
        none = await desk.send("/users/{bob}/groups")
        assert none.status == 303
        assert (await owner_of(house, "bob")).groups == ()


async def test_who_gives_up_their_own_power_is_led_to_where_they_may_still_be(installed):
    async with managing(installed) as house:
        desk = Visitor(house, "desk")
        done = await desk.send("/users/{desk}/groups", group=["staff"])
        assert done.headers["Location"] == "/"
        assert "The groups are set" in (await desk.after(done)).text
        assert (await desk.get("/users")).status == 403


async def test_disabling_asks_first_and_enabling_again_too(installed):
    async with managing(installed) as house:
        desk = Visitor(house, "desk")
        asked = await desk.get("/users/{bob}/disable")
        assert "Disable bob?" in asked.text
        assert (await owner_of(house, "bob")).enabled
        page = await desk.after(await desk.send("/users/{bob}/disable"))
        assert "bob is disabled" in page.text
        assert "nothing gets in with any of their tokens" in page.text
        assert not (await owner_of(house, "bob")).enabled
        assert "Enable bob?" in (await desk.get("/users/{bob}/enable")).text
        page = await desk.after(await desk.send("/users/{bob}/enable"))
        assert "bob is enabled" in page.text
        again = await desk.get("/users/{bob}/enable")
        assert "is enabled already" in (await desk.after(again)).text


async def test_who_holds_more_is_left_alone_and_the_page_says_why(installed):
    async with managing(installed) as house:
        desk = Visitor(house, "desk")
        page = await desk.get("/users/{boss}")
        assert "who holds more than you do" in page.text
        for act in ("disable", "delete", "groups", "sign-out", "password"):
            assert f"/users/{house.owners['boss'].id}/{act}" not in page.text, act
            refused = await desk.send("/users/{boss}/" + act, login="boss", how="made")
            assert (refused.status, "more than you do" in refused.text) == (403, True), act
        assert (await owner_of(house, "boss")).enabled


async def test_deleting_wants_the_name_typed_and_cannot_be_undone(installed):
    async with managing(installed) as house:
        desk = Visitor(house, "desk")
        asked = await desk.get("/users/{bob}/delete")
        assert "nobody ever gets this name again" in asked.text
        wrong = await desk.send("/users/{bob}/delete", login="Bob")
        assert (wrong.status, "That is not the name" in wrong.text) == (422, True)
        late = await desk.send("/users/{bob}/delete", login="bob", version="77")
        assert late.status == 412
        done = await desk.send("/users/{bob}/delete", login="bob", version=version(asked))
        assert done.headers["Location"] == "/users"
        assert "bob is deleted, and 0 tokens are revoked" in (await desk.after(done)).text
        assert (await desk.get("/users/{bob}")).status == 404


async def test_the_last_who_manages_people_cannot_leave(installed):
    async with managing(installed) as house:
        boss = Visitor(house, "boss")
        assert (await boss.send("/users/{desk}/disable")).status == 303
        for path, fields in (("/disable", {}), ("/delete", {"login": "boss"}), ("/groups", {"group": "staff"})):
            refused = await boss.send("/users/{boss}" + path, **fields)
            assert (refused.status, "Nobody would be left to manage people" in refused.text) == (409, True), path


async def test_an_initial_password_is_made_and_shown_once_or_typed(installed):
    async with managing(installed) as house:
        desk = Visitor(house, "desk")
        form = await desk.get("/users/{carol}/password")
        mark = re.search(r'name="once" value="([^"]+)"', form.text)[1]
        made = await desk.send("/users/{carol}/password", how="made", once=mark)
        password = re.search(r'<output id="secret">([^<]+)</output>', made.text)[1]
        assert re.fullmatch(r"([a-z2-9]{4}-){4}[a-z2-9]{4}", password)
        again = await desk.send("/users/{carol}/password", how="made", once=mark)
        assert password in again.text  # an impatient second click; no second password was set
        signed = await house.at.send("/sign-in", login="carol", password=password)
        assert (await house.at.ask("GET", "/", cookie=signed.cookie)).headers["Location"] == "/password"
        weak = await desk.send("/users/{carol}/password", how="typed", password="tiny-one")
        assert (weak.status, "he password is shorter" in weak.text, "tiny-one" in weak.text) == (422, True, False)
        typed = await desk.send("/users/{carol}/password", how="typed", password=OTHER)
        page = await desk.after(typed)
        assert "carol has the password" in page.text
        assert OTHER not in page.text


async def test_a_password_is_not_for_people_of_the_single_sign_on_nor_for_oneself(installed):
    async with managing(installed) as house:
        desk = Visitor(house, "desk")
        for answer in (await desk.get("/users/{eve}/password"), await desk.send("/users/{eve}/password", how="made")):
            assert (answer.status, "signs in by the single sign-on" in answer.text) == (409, True)
        own = await desk.send("/users/{desk}/password", how="made")
        assert (own.status, "changed with the one you have" in own.text) == (403, True)
        assert 'href="/password"' in (await desk.get("/users/{desk}")).text


async def test_only_people_of_the_single_sign_on_are_vouched_for(installed):
    async with managing(installed) as house:
        desk = Visitor(house, "desk")
        assert "Vouch for eve?" in (await desk.get("/users/{eve}/vouch")).text
        assert "You have vouched for eve" in (await desk.after(await desk.send("/users/{eve}/vouch"))).text
        local = await desk.send("/users/{bob}/vouch")
        assert (local.status, "is a local user" in local.text) == (409, True)


async def test_somebody_is_signed_out_of_one_session_or_of_all(installed):
    async with managing(installed) as house:
        desk = Visitor(house, "desk")
        assert "Not signed in anywhere" in (await desk.get("/users/{bob}")).text
        first, second = (await house.at.sign_in("bob")).cookie, (await house.at.sign_in("bob")).cookie
        page = await desk.get("/users/{bob}")
        ends = re.findall(r'href="(/users/[0-9a-f]+/sessions/[0-9a-f]+/end)"', page.text)
        assert len(ends) == 2
        assert "Sign out there?" in (await desk.get(ends[0])).text
        assert "That session is ended" in (await desk.after(await desk.send(ends[0]))).text
        assert (await desk.get(ends[0])).status == 404
        states = [(await house.at.ask("GET", "/sessions", cookie=one)).status for one in (first, second)]
        assert sorted(states) == [200, 303]
        assert (await desk.send(f"/users/{house.owners['bob'].id}/sessions/{'0' * 64}/end")).status == 404
        assert "Sign out everywhere?" in (await desk.get("/users/{bob}/sign-out")).text
        done = await desk.after(await desk.send("/users/{bob}/sign-out"))
        assert "bob is signed out of 1 session." in done.text
        assert (await house.at.ask("GET", "/sessions", cookie=second)).status == 303


async def test_signing_oneself_out_as_an_administrator_ends_at_the_sign_in(installed):
    async with managing(installed) as house:
        desk = Visitor(house, "desk")
        out = await desk.send("/users/{desk}/sign-out")
        assert (out.status, out.headers["Location"], "Max-Age=0" in out.headers["Set-Cookie"]) == (
            303,
            "/sign-in",
            True,
        )


async def test_an_old_sign_in_has_to_type_the_password_for_what_gives_access(installed):
    async with managing(installed) as house:
        boss = Visitor(house, "boss")
        giving = {
            "/users/new": {"login": "dora"},
            "/users/{bob}/edit": {"name": "Bob"},
            "/users/{bob}/groups": {"group": "staff"},
            "/users/{carol}/password": {"how": "made"},
            "/users/{eve}/vouch": {},
        }
        for path in giving:
            assert 'name="proof"' not in (await boss.get(path)).text
        sql(installed, "UPDATE sessions SET proof_at = proof_at - 3600000000")
        for path, fields in giving.items():
            assert 'name="proof"' in (await boss.get(path)).text
            page = await boss.send(path, **fields)
            assert (page.status, "Your password was typed too long ago" in page.text) == (403, True), path
            assert 'name="proof"' in page.text
        wrong = await boss.send("/users/new", login="dora", proof=OTHER)
        assert (wrong.status, "That is not your password" in wrong.text) == (403, True)
        assert 'value="dora"' in wrong.text
        assert await house.at.front.desk.store.owner(login="dora") is None
        assert (await boss.send("/users/new", login="dora", proof=GOOD)).status == 303
        assert (await boss.send("/users/{bob}/disable")).status == 303  # what takes access away waits for nothing


async def test_applications_have_a_contact_and_tokens_and_no_password(installed):
    async with managing(installed) as house:
        boss = Visitor(house, "boss")
        listed = await boss.get("/applications?search=back")
        assert f"/applications/{house.owners['backup'].id}" in listed.text
        added = await boss.send(
            "/applications/new", login="ci/builder", email="team@example.org", group="staff", sso="yes"
        )
        made = await owner_of(house, "ci/builder")
        assert (added.headers["Location"], made.kind, made.sso) == (f"/applications/{made.id}", "application", False)
        page = await boss.after(added)
        assert 'href="/tokens/new?application=ci%2Fbuilder"' in page.text
        assert "None yet." in page.text
        form = {"application": "ci/builder", "name": "deploys", "scope": "rest", "expires": "30d"}
        assert (await boss.send("/tokens/new", **form)).status == 200
        owned = await boss.get(f"/applications/{made.id}")
        assert "deploys" in owned.text
        assert 'href="/tokens?application=ci%2Fbuilder"' in owned.text
        assert "password" not in page.text.lower()
        assert "Signed in" not in page.text.replace("Signed in as", "")
        apps = Visitor(house, "apps")
        seen = await apps.get(f"/applications/{made.id}")
        assert ("/tokens/new?application" in seen.text, "deploys" in seen.text) == (False, False)
        done = await apps.send(f"/applications/{made.id}/disable")
        assert "ci/builder is disabled" in (await apps.after(done)).text
        assert (await apps.get("/users")).status == 403
