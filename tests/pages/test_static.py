import re

import pytest

from gatewatch.http.static import published


async def test_the_stylesheet_of_a_page_may_be_kept_for_good(visitor):
    page = await visitor.get("/login")
    (path,) = re.findall(r'rel="stylesheet" href="([^"]+)"', page.text)
    sheet = await visitor.get(path)
    assert sheet.status_code == 200
    assert sheet.headers["content-type"] == "text/css; charset=utf-8"
    assert sheet.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_an_asset_is_named_by_its_content():
    assert re.fullmatch(r"/static/gatewatch\.[0-9a-f]{8}\.css", published("gatewatch.css"))


@pytest.mark.parametrize("name", ["gatewatch.css", "gatewatch.00000000.css", "..%2Fapp.py", "x"])
async def test_nothing_else_is_served(visitor, name):
    assert (await visitor.get(f"/static/{name}")).status_code == 404
