"""The types are compared with the schemas, which are the truth."""

from __future__ import annotations

import types
import typing
from typing import Any
from typing import get_origin as origin

import pytest

from dressform.schemas import avatar, fabric, field, gate, library, motion, pattern, recipe, report, template
from dressform.schemas.documents import _schemas, schema

TYPES = {
    "template": template.TemplateManifest,
    "draft": template.DraftManifest,
    "avatar": avatar.AvatarDocument,
    "motion": motion.MotionDocument,
    "library": library.LibraryDocument,
    "lock": library.LockDocument,
    "bundle": library.BundleDocument,
    "report": report.ReportDocument,
    "fabric": fabric.FabricDocument,
    "field": field.FieldCard,
    "recipe": recipe.RecipeDocument,
    "pattern": pattern.PatternDocument,
    "profile": gate.ProfileDocument,
    "baseline": gate.BaselineDocument,
}
SCALARS = {"string": str, "integer": int, "number": float, "boolean": bool, "null": types.NoneType}


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference; keys beside it (descriptions) do not matter here."""
    if "$ref" in node:
        held = {name: each for document in _schemas().values() for name, each in document.get("$defs", {}).items()}
        return resolved(held[node["$ref"].rsplit("/", 1)[1]])
    return node


def compare(node: dict[str, Any], hint: Any, where: str) -> None:
    node = resolved(node)
    if origin(hint) is typing.NotRequired:
        hint = typing.get_args(hint)[0]
    options = typing.get_args(hint) if origin(hint) in (types.UnionType, typing.Union) else ()
    if types.NoneType in options:
        inner = [option for option in options if option is not types.NoneType]
        nullable = [branch for branch in node.get("anyOf", []) if branch != {"type": "null"}]
        if nullable:
            assert len(node["anyOf"]) == 2, where
            compare(nullable[0], inner[0], where)
        else:
            assert node["type"][1:] == ["null"], where
        return
    assert "anyOf" not in node, f"{where} may be null in the schema"
    if typing.is_typeddict(hint):
        hints = typing.get_type_hints(hint, include_extras=True)
        assert node["additionalProperties"] is False, where
        assert set(hints) == set(node["properties"]), where
        required = {key for key, value in hints.items() if hint.__total__ and origin(value) is not typing.NotRequired}
        assert required == set(node.get("required", [])), where
        for key, value in hints.items():
            compare(node["properties"][key], value, f"{where}.{key}")
    elif origin(hint) is dict:
        assert node["type"] == "object", where
        _, value = typing.get_args(hint)
        if value is not object and value is not Any:
            compare(node["additionalProperties"], value, f"{where}.*")
    elif origin(hint) is list:
        if "const" in node:
            assert typing.get_args(hint) == (str,), where
            return
        assert node["type"] == "array", where
        compare(node["items"], typing.get_args(hint)[0], f"{where}[]")
    elif "const" in node or "enum" in node:
        assert hint is str, where
    else:
        assert hint is SCALARS[node["type"]], where


@pytest.mark.parametrize("kind", TYPES)
def test_types_mirror_the_schema(kind):
    compare(schema(kind), TYPES[kind], kind)
    with pytest.raises((AssertionError, KeyError)):  # the comparison can fail
        compare({**schema(kind), "properties": {}}, TYPES[kind], kind)
