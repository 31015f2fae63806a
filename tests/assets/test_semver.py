from __future__ import annotations

import operator as operators

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dressform.assets.semver import Version, next_pre_release, parse_range, parse_version
from dressform.schemas.errors import UsageError

numbers = st.integers(0, 12)
versions = st.builds(Version, numbers, numbers, numbers)
parts = st.sampled_from(["0", "1", "9", "10", "a", "alpha", "beta", "rc-1", "-", "0a"])
any_versions = st.builds(Version, numbers, numbers, numbers, st.lists(parts, max_size=3).map(tuple))


@given(any_versions)
def test_round_trip(version):
    assert parse_version(str(version)) == version


def test_order_is_that_of_semver_org():
    """The example of semver.org 2.0.0, clause 11."""
    chain = "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1-0"
    ascending = [parse_version(text) for text in chain.split()]
    assert all((a < b) == (i < j) for i, a in enumerate(ascending) for j, b in enumerate(ascending))


@given(any_versions, st.sampled_from(["^1", "~1.2", "*", ">=0.0.1 <9", ">1", "<=7.1.2"]))
def test_ranges_without_a_pre_release_take_none(version, text):
    assert not (version.pre and version in parse_range(text))


@given(any_versions, any_versions, st.sampled_from(["<", "<=", ">", ">=", "="]))
def test_a_pre_release_is_compared_where_the_range_names_its_numbers(base, version, operator):
    if not base.pre:
        return
    names = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "=": "eq"}
    asked = not version.pre or version.release == base.release
    want = asked and getattr(operators, names[operator])(version, base)
    try:
        assert (version in parse_range(f"{operator}{base}")) == want
    except UsageError:  # below the lowest version of all
        assert not want


@given(versions, st.lists(numbers, max_size=4))
def test_next_pre_release_is_above_those_of_its_word(release, taken):
    others = [Version(release.major, release.minor, release.patch, pre) for pre in ((), ("beta",), ("rc", "99"))]
    there = [Version(release.major, release.minor, release.patch, ("beta", str(n))) for n in taken]
    number = next_pre_release(release, "beta", [*others, *there])
    assert number.release == release
    assert number == max(number, *there, others[1])
    assert number not in there


@given(versions, versions)
def test_order_is_by_numbers(a, b):
    assert (a < b) == ([a.major, a.minor, a.patch] < [b.major, b.minor, b.patch])


@given(versions, versions)
def test_caret_keeps_the_first_number_that_is_not_zero(base, version):
    """The definition of the caret, said without intervals."""
    base_numbers, own = ([v.major, v.minor, v.patch] for v in (base, version))
    fixed = next((i for i, n in enumerate(base_numbers) if n), 2)
    want = version >= base and own[: fixed + 1] == base_numbers[: fixed + 1]
    assert (version in parse_range(f"^{base}")) == want


@given(versions, versions)
def test_tilde_keeps_major_and_minor(base, version):
    want = version >= base and (version.major, version.minor) == (base.major, base.minor)
    assert (version in parse_range(f"~{base}")) == want
    assert (version in parse_range(f"~{base.major}.{base.minor}")) == (
        (version.major, version.minor) == (base.major, base.minor)
    )


@given(versions, versions, st.sampled_from(["<", "<=", ">", ">=", "="]))
def test_comparators_compare(base, version, operator):
    names = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "=": "eq"}
    want = getattr(operators, names[operator])
    if operator == "<" and base == Version(0, 0, 0):
        with pytest.raises(UsageError, match="no version can be"):
            parse_range(f"<{base}")
    else:
        assert (version in parse_range(f"{operator}{base}")) == want(version, base)


@given(versions, versions, versions)
def test_parts_must_all_hold(low, high, version):
    if low < high:
        for text in (f">={low} <{high}", f">= {low},  < {high}"):
            assert (version in parse_range(text)) == (low <= version < high)
    else:
        with pytest.raises(UsageError, match="no version can be"):
            parse_range(f">={low} <{high}")


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("*", "0.0.0 9.9.9", ""),
        ("1", "1.0.0 1.9.9", "0.9.9 2.0.0"),
        ("1.2", "1.2.0 1.2.9", "1.1.9 1.3.0"),
        ("^1", "1.0.0 1.9.0", "2.0.0 0.9.0"),
        ("^0", "0.0.0 0.9.9", "1.0.0"),
        ("^0.0.0", "0.0.0", "0.0.1 1.0.0"),
        ("^0.2", "0.2.0 0.2.9", "0.3.0 0.1.9"),
        ("~1", "1.0.0 1.9.9", "2.0.0"),
        (">1", "2.0.0", "1.9.9 2.0.0-beta"),
        ("^1.2.3-beta", "1.2.3-beta.4 1.2.3 1.9.0", "1.2.3-alpha 1.3.0-beta 2.0.0-beta 2.0.0"),
        ("~1.2.3-beta", "1.2.3-rc 1.2.9", "1.2.4-rc 1.3.0-0"),
        (">=2.0.0-0 <3", "2.0.0-0 2.0.0-rc 2.9.9", "2.0.1-rc 3.0.0-rc"),
        ("1.2.3-beta.1", "1.2.3-beta.1", "1.2.3-beta.1.0 1.2.3-beta.2 1.2.3"),
        ("<=1.2", "1.2.9 0.1.0", "1.3.0"),
    ],
)
def test_numbers_left_out_mean_every_one(text, inside, outside):
    wanted = parse_range(text)
    assert all(parse_version(v) in wanted for v in inside.split())
    assert not any(parse_version(v) in wanted for v in outside.split())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.2.3.4",
        "v1.0.0",
        "01.0.0",
        "1.0",
        "1.0.0-",
        "1.0.0-01",
        "1.0.0-a..b",
        "1.0.0-ä",
        "1.0.0+7",
        "1.0-beta",
        f"1.0.0-{'a' * 41}",
        "-1.0.0",
        "1.0.0\n",
        "٣.0.0",
    ],
)
def test_what_is_not_a_version(text):
    with pytest.raises(UsageError, match=r"needed three numbers"):
        parse_version(text)


@pytest.mark.parametrize("text", ["", " ", "latest", "^", ">=", "1.x", "1 || 2", "^1.2.3.4", "9999999999"])
def test_what_is_not_a_range(text):
    with pytest.raises(UsageError, match="not a version range"):
        parse_range(text)
