"""What publish refuses, and the numbers that pre-releases and later fixes of older versions get."""

from __future__ import annotations

import dataclasses

import pytest

from dressform.schemas.errors import AssetError, UsageError


@pytest.fixture
def numbered(library, publish, draft, edit):
    """Publish the draft with another title under a number; a higher layer makes it a minor change."""

    def publish_as(version: str | None = None, pre: str | None = None, **changes: object) -> str:
        edit(draft, title=f"tee {len(library.versions('tee')) if library.names() else 0}", **changes)
        return publish(draft, version, pre).version

    return publish_as


def test_a_draft_without_licence_is_refused(library, publish, draft, edit):
    for unstated in ({"licence": "LicenseRef-unstated"}, {}):
        edit(draft, **unstated)
        if not unstated:
            (draft / "template.json").write_text(
                (draft / "template.json").read_text().replace('"licence": "LicenseRef-unstated", ', "")
            )
        with pytest.raises(AssetError, match=r"states no licence; set `licence` in its template\.json to an SPDX"):
            publish(draft)
    assert not library.folder.exists()
    edit(draft, licence="LicenseRef-house-terms")
    assert publish(draft).created


def test_a_report_that_tested_nothing_is_refused(library, draft, clean_report):
    with pytest.raises(AssetError, match="the report tested nothing"):
        library.publish(draft, dataclasses.replace(clean_report(draft), passed=0))


def test_pre_releases_lead_to_their_release(numbered, library):
    assert numbered("1.0.0-alpha") == "1.0.0-alpha"
    assert numbered(pre="beta") == "1.0.0-beta.1"
    assert numbered() == "1.0.0"
    # a patch after 1.0.0, so its pre-releases are 1.0.1's
    assert [numbered(pre="beta"), numbered(pre="beta"), numbered(pre="rc")] == [
        *("1.0.1-beta.1", "1.0.1-beta.2", "1.0.1-rc.1"),
    ]
    assert library.resolve("tee").version == "1.0.0"
    assert library.list()[0].version == "1.0.0"
    assert library.resolve("tee@^1.0.1-beta").version == "1.0.1-rc.1"
    with pytest.raises(AssetError, match=r"1\.0\.1-beta\.3 comes before 1\.0\.1-rc\.1, which is there"):
        numbered(pre="beta")
    # what is ahead stays ahead: a minor change raises it, a patch does not lower it
    assert numbered(pre="rc", layer=44) == "1.1.0-rc.1"
    assert numbered(pre="rc", layer=30) == "1.1.0-rc.2"
    assert numbered(layer=30) == "1.0.1"


def test_a_number_and_a_word_exclude_each_other(numbered):
    with pytest.raises(UsageError, match="not both"):
        numbered("1.0.0", "beta")
    with pytest.raises(UsageError, match="does not name a pre-release"):
        numbered(pre="beta 1")


def test_an_older_line_takes_fixes(numbered):
    assert numbered("1.0.0") == "1.0.0"
    assert numbered("2.0.0", layer=44) == "2.0.0"
    # the same layer as 1.0.0 again: a patch of that
    assert numbered("1.0.1", layer=30) == "1.0.1"
    with pytest.raises(AssetError, match=r"1\.0\.2 is too small after 1\.0\.1: layer: 30 → 50; needed 1\.1\.0"):
        numbered("1.0.2", layer=50)
    with pytest.raises(AssetError, match=r"tee@2\.0\.0 is there already with other content"):
        numbered("2.0.0", layer=51)
