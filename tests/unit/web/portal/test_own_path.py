"""After a sign-in people are led to a page of the portal, whatever the address asked for (corpus M03-M06)."""

import pytest

from gateway.web.portal.own_path import own_path, sign_in_path


@pytest.mark.parametrize(
    "path", ["/", "/tokens/new", "/tokens/tgp_00000000001/edit", "/audit?kind=a&from=2026-01-01%2B1"]
)
def test_a_path_of_a_page_is_kept(path):
    assert own_path(path) == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%5Cevil.example",
        "/%2F/evil.example",
        "/%09/evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/tokens//evil.example",
        "/../evil",
        "/tokens/../sign-out",
        "/./",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        "@evil.example",
        "/é",
        "/tokens?x=\r\nSet-Cookie: a=b",
        "/tokens?x=%",
        "/a#//evil",
        "/sign-in",
        "/sign-in?to=/sign-in",
        "/sign-in/sso",
        "/sign-out",
        "/api/v1/me",
        "/static/x/app.css",
        "/token/revoke",
        "/tokens/tgp_00000000001_" + "a" * 38,
        "/tokens?name=tgp%5F00000000001_" + "a" * 38,
        "/" + "a" * 2000,
    ],
)
def test_anything_else_leads_to_the_first_page(text):
    assert own_path(text) == "/"


def test_the_sign_in_page_is_told_where_to_go_on():
    assert sign_in_path("/tokens/new?user=a") == "/sign-in?to=%2Ftokens%2Fnew%3Fuser%3Da"
    assert sign_in_path("//evil.example") == "/sign-in"
