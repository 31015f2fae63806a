"""Every schema against documents that it must take and documents that it must refuse, each for its own reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dressform.schemas.documents import KINDS, check_document, document_errors, first_violation, schema
from dressform.schemas.errors import InputError

CORPUS = Path(__file__).with_name("corpus")


def cases(which: str) -> list[Path]:
    return sorted(CORPUS.glob(f"*/{which}/*.json"))


def name(path: Path) -> str:
    return f"{path.parent.parent.name}/{path.stem}"


def test_every_kind_has_cases():
    for which in ("valid", "invalid"):
        assert {path.parent.parent.name for path in cases(which)} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_schemas_are_strict_versioned_and_well_formed(kind):
    from jsonschema import Draft202012Validator

    document = schema(kind)
    Draft202012Validator.check_schema(document)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["$id"] == f"urn:dressform:{kind}:1"
    assert document["properties"]["schema"] == {"const": f"dressform/{kind}/1"}
    assert document["additionalProperties"] is False
    assert "schema" in document["required"]


@pytest.mark.parametrize("path", cases("valid"), ids=name)
def test_valid(path):
    check_document(path.parent.parent.name, json.loads(path.read_text()), "document")


@pytest.mark.parametrize("path", cases("invalid"), ids=name)
def test_invalid(path):
    case = json.loads(path.read_text())
    kind = path.parent.parent.name
    found = first_violation(kind, case["document"])
    assert found is not None
    assert found[:2] == (case["path"], case["keyword"])
    assert document_errors(kind, case["document"])
    with pytest.raises(InputError) as caught:
        check_document(kind, case["document"], "draft/template.json")
    assert str(caught.value).startswith(f"draft/template.json: at {case['path']}: ")
    assert "\n" not in str(caught.value)
