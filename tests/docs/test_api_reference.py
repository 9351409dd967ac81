"""docs/api.md names every endpoint and every code of the API, and no other."""

import re
from pathlib import Path

import gateway.web.api
from gateway.web.api.app import api_app
from gateway.web.api.token import TokenHandlers

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")


def test_the_page_has_a_section_for_every_endpoint_and_no_other():
    app = api_app(TokenHandlers(None, None), public_url=lambda: "")
    served = {f"{route.method} {route.resource.canonical}" for route in app.router.routes() if route.method != "HEAD"}
    assert set(re.findall(r"^### `(\w+ [^`]+)`$", PAGE, re.MULTILINE)) == served


def test_the_page_names_every_code():
    folder = Path(gateway.web.api.__file__).parent
    source = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    codes = set(re.findall(r'problem\(\s*\d+, "(\w+)"', source)) | {"not_found", "method_not_allowed", "too_large"}
    assert len(codes) >= 8
    assert [code for code in sorted(codes) if f"`{code}`" not in PAGE] == []
