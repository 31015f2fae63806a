"""Which version several demands agree on, and what is said when they cannot."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dressform.assets.resolve import choose, newest
from dressform.assets.semver import parse_version
from dressform.assets.wear import parse_wear
from dressform.schemas.errors import AssetError
from dressform.schemas.library import TemplateEntry


def entry(*numbers: str, yanked: Sequence[str] = (), **more: dict[str, list[str]]) -> TemplateEntry:
    """A template with these versions, all in size M on anny; `more` gives what differs by number."""
    return {
        "category": "tee",
        "versions": {
            number: {
                "manifest": "0" * 64,
                "yanked": "left sleeve inside out" if number in yanked else None,
                "sizes": more.get("sizes", {}).get(number, ["M"]),
                "variants": more.get("variants", {}).get(number, []),
                "bodies": more.get("bodies", {}).get(number, ["anny"]),
            }
            for number in numbers
        },
    }


def chosen(held: TemplateEntry, *wears: str, bodies: Sequence[str] = ()) -> str:
    return str(choose(held, [parse_wear(wear) for wear in wears], bodies))


def refusal(held: TemplateEntry, *wears: str, bodies: Sequence[str] = ()) -> str:
    with pytest.raises(AssetError) as refused:
        chosen(held, *wears, bodies=bodies)
    return str(refused.value)


def test_demands_on_one_template_meet_in_one_version() -> None:
    held = entry("1.0.0", "1.4.0", "1.9.0", "2.0.0")
    assert chosen(held, "tee") == "2.0.0"
    assert chosen(held, "tee@^1", "tee@<1.9") == "1.4.0"
    assert chosen(held, "tee@>=1", "tee@1.0.0") == "1.0.0"


def test_ranges_that_do_not_meet() -> None:
    held = entry("1.0.0", "1.1.0", "2.0.0")
    assert refusal(held, "tee@^1:M", "tee@^2") == (
        "no version of tee fits both tee@^1:M and tee@^2; 1.0.0, 1.1.0: not in ^2; 2.0.0: not in ^1"
    )


def test_size_variant_and_body_choose_too() -> None:
    held = entry(
        *("1.0.0", "2.0.0", "3.0.0"),
        sizes={"1.0.0": ["XS", "M"]},
        variants={"2.0.0": ["navy"]},
        bodies={"2.0.0": ["anny", "smplx"]},
    )
    assert chosen(held, "tee:XS") == "1.0.0"
    assert chosen(held, "tee/navy") == "2.0.0"
    assert chosen(held, "tee", bodies=["smplx"]) == "2.0.0"
    assert refusal(held, "tee@^3:XS") == (
        "no version of tee fits tee@^3:XS; 1.0.0, 2.0.0: not in ^3; 3.0.0: no size XS (it has M)"
    )
    assert refusal(held, "tee/navy", bodies=["smpl"]).endswith(
        "2.0.0: no rig for the body smpl (it has anny, smplx); 1.0.0, 3.0.0: no variant navy (it has only its own look)"
    )
    assert "garment rig DRAFT --smplx FILE" in refusal(held, "tee@3.0.0", bodies=["smplx"])


def test_yanked_versions_and_pre_releases_are_taken_only_when_named() -> None:
    held = entry("1.0.0", "1.1.0", "2.0.0-beta.1", "2.0.0-rc.1", yanked=["1.1.0"])
    assert chosen(held, "tee") == "1.0.0"
    assert chosen(held, "tee@1.1.0") == "1.1.0"
    assert chosen(held, "tee@^2.0.0-beta") == "2.0.0-rc.1"
    assert chosen(held, "tee@2.0.0-beta.1") == "2.0.0-beta.1"
    text = refusal(held, "tee@>1")
    assert "1.0.0, 1.1.0: not in >1" in text
    assert "2.0.0-rc.1: pre-release, taken only when asked for, as in tee@2.0.0-rc.1" in text
    assert "1.1.0: yanked (left sleeve inside out)" in refusal(held, "tee@>1.0.0 <2")
    assert newest(held) == parse_version("1.0.0")
    assert newest(entry("2.0.0-beta.1", "2.0.0-beta.2")) == parse_version("2.0.0-beta.2")
    assert newest(entry("1.0.0", yanked=["1.0.0"])) is None


def test_many_versions_with_one_reason_are_counted() -> None:
    assert refusal(entry(*(f"1.{k}.0" for k in range(20))), "tee@^2").endswith(
        "1.0.0 to 1.19.0 (20 versions): not in ^2"
    )


numbers = st.builds("{}.{}.{}".format, *[st.integers(0, 3)] * 3)
ranges = st.sampled_from(["*", "^1", "^0.1", "~1.2", ">=1 <3", "<=2.1", ">1.1"])


@given(st.sets(numbers, min_size=1, max_size=8), st.lists(ranges, min_size=1, max_size=3))
def test_the_choice_is_the_highest_that_every_range_holds(there: set[str], wanted: list[str]) -> None:
    specs = [parse_wear(f"tee@{text}") for text in wanted]
    fitting = [n for n in map(parse_version, there) if all(n in spec.range for spec in specs)]
    if fitting:
        assert choose(entry(*there), specs) == max(fitting)
    else:
        with pytest.raises(AssetError, match="no version of tee fits"):
            choose(entry(*there), specs)
