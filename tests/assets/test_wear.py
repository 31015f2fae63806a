from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dressform.assets.semver import ANY, parse_range
from dressform.assets.wear import WearSpec, parse_wear
from dressform.schemas.errors import UsageError

words = st.text("abcxyz019", min_size=1, max_size=5)
names = st.builds(lambda parts: "-".join(["a" + parts[0], *parts[1:]]), st.lists(words, min_size=1, max_size=3))
sizes = st.none() | st.sampled_from(["M", "XL", "34-32", "7"])
ranges = st.sampled_from(["*", "^1", "~1.2", "1.2.3", ">=1 <2", "^2.0.0-beta.1", "1.0.0-rc-2"]).map(parse_range)


@given(st.builds(WearSpec, names, ranges, sizes, st.none() | names))
def test_round_trip(spec):
    assert parse_wear(str(spec)) == spec


def test_parts():
    assert parse_wear("tee") == WearSpec("tee", ANY, None, None)
    assert parse_wear("tee@^1:M/navy") == WearSpec("tee", parse_range("^1"), "M", "navy")
    assert parse_wear("wide-trousers:34-32") == WearSpec("wide-trousers", ANY, "34-32", None)


@pytest.mark.parametrize(
    "text",
    ["", "Tee", "tee shirt", "../../etc/passwd", "/etc/passwd", "https://x.org/tee", "tee@", "tee:", "tee/", "tee/../x",
     "tee@nonsense", "tee:..", "-tee", "tee\n", "t" * 65, "tee\0"],
)  # fmt: skip
def test_malformed(text):
    with pytest.raises(UsageError):
        parse_wear(text)
