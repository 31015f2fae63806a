"""Search finds what is there now, whatever happened to its index."""

from __future__ import annotations

import dataclasses
import io
import threading

import numpy as np
import pytest
from PIL import Image, ImageColor

from dressform.assets.cloth_colors import NAMED, color_name, lab_of, look_colors
from dressform.assets.library import Library
from dressform.assets.search import Query, index_path, search
from dressform.schemas.errors import UsageError


def plain(color: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(file, format="PNG")
    return file.getvalue()


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DRESSFORM_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def shop(library, publish, make_draft, make_tube, tmp_path) -> Library:
    """A red tee in M and L with a navy look, and grey trousers."""

    def tube(color: str):
        mesh = make_tube()
        cloth = dataclasses.replace(mesh.materials[0], base_color=(1, 1, 1, 1), base_color_image=plain(color))
        return dataclasses.replace(mesh, materials=(cloth, dataclasses.replace(cloth, name="rib")))

    navy = {"base_color": [0.02, 0.03, 0.07, 1]}
    plain_white = {"base_color_image": "white.png"}
    looks = {"midnight": {"title": "Midnight", "materials": {"cotton": navy | plain_white, "rib": navy | plain_white}}}
    tee = make_draft(
        *(tmp_path / "tee",), mesh=tube("#a81f2b"), sizes=("M", "L"), tags=["summer", "unisex"], variants=looks,
        title="Crew-neck T-shirt", description="Cotton jersey",
    )  # fmt: skip
    (tee / "white.png").write_bytes(plain("white"))
    publish(tee)
    publish(make_draft(tmp_path / "trousers", mesh=tube("#77797c"), name="wide-trousers", category="trousers"))
    return library


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (Query(), ["tee", "wide-trousers"]),
        (Query("T-Shirt cotton"), ["tee"]),
        (Query("TAILOR"), ["tee", "wide-trousers"]),  # the author
        (Query("wide trousers"), ["wide-trousers"]),
        (Query("silk"), []),
        (Query("%"), []),
        (Query("'; DROP TABLE template; --"), []),
        (Query(category="trousers"), ["wide-trousers"]),
        (Query(tags=("summer", "unisex")), ["tee"]),
        (Query(tags=("summer", "winter")), []),
        (Query(size="L"), ["tee"]),
        (Query(bodies=("anny",)), ["tee", "wide-trousers"]),
        (Query(bodies=("smplx",)), []),
        (Query(color="red"), ["tee"]),
        (Query(color="blue"), ["tee"]),  # navy is a blue
        (Query(color="#78797b"), ["wide-trousers"]),
        (Query(color="gray", category="tee"), []),
        (Query("tee", "tee", ("summer",), ("anny",), "navy", "M"), ["tee"]),
    ],
)
def test_what_is_found(shop, query, names):
    assert [hit.name for hit in search(shop, query)] == names


def test_a_hit_tells_what_it_is_and_which_look_has_the_color(shop):
    (hit,) = search(shop, Query(color="navy"))
    assert (hit.version, hit.title, set(hit.sizes)) == ("1.0.0", "Crew-neck T-shirt", {"L", "M"})
    assert hit.tags == ("summer", "unisex")
    assert hit.looks == ("midnight",)
    assert search(shop, Query(color="red"))[0].looks == ("",)


def test_wrong_queries_are_refused(shop):
    with pytest.raises(UsageError, match="'hats' is unknown; needed one of tee"):
        Query(category="hats")
    with pytest.raises(UsageError, match="'blurple' is not a colour; needed black, white"):
        search(shop, Query(color="blurple"))


def test_the_index_follows_the_library(shop, publish, edit, make_draft, tmp_path):
    assert len(search(shop, Query())) == 2
    edit(tmp_path / "tee", title="Boxy tee")
    publish(tmp_path / "tee")
    assert [(hit.name, hit.version) for hit in search(shop, Query("boxy"))] == [("tee", "1.0.1")]
    shop.yank("tee", "1.0.1", "too boxy")
    assert search(shop, Query("boxy")) == []
    assert search(shop, Query("crew"))[0].version == "1.0.0"
    (shop.folder / "refs" / "wide-trousers.json").unlink()
    assert [hit.name for hit in search(shop, Query())] == ["tee"]


def test_only_new_versions_are_read(shop, monkeypatch):
    search(shop, Query())
    monkeypatch.setattr(Library, "resolve", lambda *_: pytest.fail("read again"))
    assert len(search(shop, Query())) == 2


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\0" * 4000])
def test_a_damaged_index_is_made_anew(shop, content):
    before = search(shop, Query())
    index_path(shop).write_bytes(content)
    assert search(shop, Query()) == before
    size = index_path(shop).stat().st_size
    index_path(shop).write_bytes(index_path(shop).read_bytes()[: size // 2])
    assert search(shop, Query()) == before
    assert search(shop, Query(), rebuild=True) == before


def test_a_cache_that_cannot_be_written_only_costs_time(shop, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DRESSFORM_CACHE", str(tmp_path / "file"))
    assert len(search(shop, Query())) == 2


def test_searches_at_once(shop):
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(len(search(shop, Query())))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2] * 6


def test_colors_of_cloth(make_tube):
    """White is (100, 0, 0) by definition; the others are the formula's own values for sRGB primaries."""
    lab = lab_of(np.array([[1.0, 1, 1], [1, 0, 0], [0, 0, 0]]))
    np.testing.assert_allclose(lab, [[100, 0, 0], [53.2, 80.1, 67.2], [0, 0, 0]], atol=0.1)
    for name, values in NAMED.items():
        for value in values:
            rgb = np.array(ImageColor.getrgb(value), float)[None] / 255
            assert color_name(lab_of(rgb)[0]) == name
    colors = look_colors(make_tube())
    assert sum(share for _, share in colors) <= 1 + 1e-9
    assert all(share >= 0.1 for _, share in colors)
