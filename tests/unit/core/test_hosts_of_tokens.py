"""A token that names hosts works on those and on no other."""

import pytest

from gateway.core.patterns import covers_host


@pytest.mark.parametrize(
    ("patterns", "host", "covered"),
    [
        pytest.param({"app.example.org"}, "app.example.org", True, id="exact"),
        pytest.param({"app.example.org"}, "xapp.example.org", False, id="not-a-suffix"),
        pytest.param({"*.example.org"}, "app.example.org", True, id="one-label"),
        pytest.param({"*.example.org"}, "example.org", False, id="not-the-bare-name"),
        pytest.param({"*.example.org"}, "a.b.example.org", False, id="not-two-labels"),
        pytest.param({"*.example.org"}, "badexample.org", False, id="not-a-tail-without-dot"),
        pytest.param({"[::1]"}, "[::1]", True, id="address"),
        pytest.param({"a.org", "*.b.org"}, "x.b.org", True, id="one-of-several"),
        pytest.param(set(), "a.org", False, id="none-is-no-host"),
    ],
)
def test_a_pattern_stands_for_a_host_as_in_routes(patterns, host, covered):
    assert covers_host(frozenset(patterns), host) is covered
