"""A lock names exact versions, and what is worn by it has their digests."""

from __future__ import annotations

import pytest

from dressform.assets.lock import make_lock, resolve_lock, resolve_locked
from dressform.schemas.errors import AssetError


@pytest.fixture
def wardrobe(library, publish, make_draft, edit, tmp_path):
    """tee 1.0.0 (M, L) and 1.1.0 (with navy), trousers 1.0.0."""
    navy = {"navy": {"materials": {}}}
    tee = make_draft(tmp_path / "tee", sizes=("M", "L"))
    publish(tee)
    edit(tee, variants=navy)
    publish(tee)
    publish(make_draft(tmp_path / "trousers", name="trousers", category="trousers"))
    return library


def test_what_is_locked_is_worn_although_newer_versions_come(wardrobe, publish, edit, tmp_path):
    lock = make_lock(wardrobe, ["tee@^1:L", "trousers"])
    edit(tmp_path / "tee", title="newer")
    publish(tmp_path / "tee")
    assert wardrobe.resolve("tee").version == "1.1.1"
    worn = resolve_locked(wardrobe, lock, ["tee", "trousers@^1"], "dressform.lock")
    assert [version.label for version in worn] == ["tee@1.1.0", "trousers@1.0.0"]
    assert [version.digest for version in worn] == [entry["manifest"] for entry in lock["templates"]]


def test_the_lock_tells_size_and_look_where_the_demand_does_not(wardrobe):
    lock = make_lock(wardrobe, ["tee@^1:L/navy"])
    cases = {"tee": ("L", "navy"), "tee:M": ("M", None), "tee/navy": ("M", "navy")}
    for wear, want in cases.items():
        (version,) = resolve_locked(wardrobe, lock, [wear], "lock")
        assert (version.size, version.variant) == want
    two = make_lock(wardrobe, ["tee:L", "tee:M/navy"])
    assert [entry["version"] for entry in two["templates"]] == ["1.1.0", "1.1.0"]
    (version,) = resolve_locked(wardrobe, two, ["tee"], "lock")
    assert (version.size, version.variant) == ("M", None)


def test_a_lock_is_one_version_a_template(wardrobe):
    with pytest.raises(AssetError, match=r"fits both tee@1\.0\.0 and tee/navy; 1\.0\.0: no variant navy .* \| no vers"):
        make_lock(wardrobe, ["tee@1.0.0", "tee/navy", "trousers@^2"])


def test_what_the_lock_does_not_hold(wardrobe, edit, publish, tmp_path):
    lock = make_lock(wardrobe, ["tee@1.0.0"])
    with pytest.raises(AssetError, match=r"my\.lock does not lock trousers; it locks tee; lock it too"):
        resolve_locked(wardrobe, lock, ["tee", "trousers"], "my.lock")
    with pytest.raises(AssetError, match=r"my\.lock locks tee@1\.0\.0, which tee@\^1\.1 does not allow"):
        resolve_locked(wardrobe, lock, ["tee@^1.1"], "my.lock")
    lock["templates"][0]["manifest"] = "0" * 64
    for resolve in (lambda: resolve_lock(wardrobe, lock), lambda: resolve_locked(wardrobe, lock, ["tee"], "my.lock")):
        with pytest.raises(AssetError, match="is not the locked one"):
            resolve()


def test_a_locked_pre_release_stays_worn(wardrobe, publish, edit, tmp_path):
    edit(tmp_path / "tee", title="next")
    publish(tmp_path / "tee", "1.2.0-beta.1")
    lock = make_lock(wardrobe, ["tee@1.2.0-beta.1"])
    assert resolve_locked(wardrobe, lock, ["tee"], "lock")[0].version == "1.2.0-beta.1"


def test_body_families_are_kept(wardrobe):
    assert make_lock(wardrobe, ["tee"], ["anny"])["bodies"] == ["anny"]
    with pytest.raises(AssetError, match=r"fits tee on smplx; .*no rig for the body smplx"):
        make_lock(wardrobe, ["tee"], ["smplx"])
