"""Reading YAML that people write by hand as plain JSON values; a wrong file ends in one clear line."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import yaml

from .errors import InputError

MAX_BYTES = 2**20


def load_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file of at most 1 MiB that holds a mapping.

    Stricter than YAML 1.1, so that it means what it seems to: no key twice, no aliases, `off`, `on`, `yes` and `no`
    are text, and a date is the text YYYY-MM-DD.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"{path}: {size / 2**20:.1f} MiB, needed at most {MAX_BYTES / 2**20:.0f} MiB")
        document = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise InputError(f"{path}: not readable YAML ({line}{error.problem or error.context})") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not readable YAML ({' '.join(str(error).split())[:200]})") from None
    if not isinstance(document, dict):
        raise InputError(f"{path}: needed a mapping of keys to values, found {type(document).__name__}")
    return document


class _Loader(yaml.SafeLoader):
    """The safe loader with plainer scalars, without aliases and with every key once."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases are not supported", self.get_mark())
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a word", key.start_mark)
            if key.value in seen:
                problem = f"the key {key.value!r} stands twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def _true_or_false(loader: _Loader, node: yaml.ScalarNode) -> bool | str:
    text = str(loader.construct_scalar(node))
    return {"true": True, "false": False}.get(text.lower(), text)


def _date(loader: _Loader, node: yaml.ScalarNode) -> str:
    text = str(loader.construct_scalar(node))
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        return text


_Loader.add_constructor("tag:yaml.org,2002:bool", _true_or_false)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _date)
