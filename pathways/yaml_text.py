"""Reading YAML that strangers may have written: no tags, no aliases, no repeated keys, no surprises.

Scalars are text, except `true`, `false`, `null` and plain decimal numbers (integers, or Decimal). So `on` and
`no` stay words and a date stays text, whatever YAML 1.1 thinks of them.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import yaml
from yaml.events import AliasEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent

from schemas.errors import PathwayError, Problem

LARGEST = 1_000_000
DEEPEST = 12

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """The safe loader without YAML 1.1's own ideas of what text might mean."""


_Loader.yaml_implicit_resolvers = {}


def _resolve(tag: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


_resolve("bool", r"^(?:true|false)$", "tf")
_resolve("null", r"^(?:null|~)$", "n~")
_resolve("int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789")
_resolve("float", r"^-?[0-9]+\.[0-9]+$", "-0123456789")


def _mapping(loader: Any, node: Any) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_scalar(key_node)
        if key in result:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key `{key}` stands twice", key_node.start_mark
            )
        result[key] = loader.construct_object(value_node, deep=True)
    return result


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor(
    "tag:yaml.org,2002:float", lambda loader, node: Decimal(loader.construct_scalar(node))
)
_Loader.add_constructor(
    "tag:yaml.org,2002:int", lambda loader, node: int(loader.construct_scalar(node))
)


def read_yaml(text: str, file: str, first_line: int = 1) -> Any:
    """Parse *text*; raise PathwayError with *file* and line for anything but plain data.

    *first_line* is the line of *file* on which *text* begins.
    """
    if len(text) > LARGEST:
        raise _refuse(
            file, first_line, "document-too-large", "the document is over 1,000,000 characters",
            "split it",
        )  # fmt: skip
    try:
        _screen(text, file, first_line)
        return yaml.load(text, Loader=_Loader)
    except (ValueError, RecursionError) as error:
        # A number too long for the reader, or half a character.
        raise _refuse(
            file, first_line, "yaml", "a value cannot be read", "write plain text and plain numbers"
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = first_line + (mark.line if mark else 0)
        problem = getattr(error, "problem", None) or "this is not YAML"
        raise _refuse(
            file, line, "yaml", str(problem), "quote text that holds `: ` or begins with a symbol"
        ) from error


def _screen(text: str, file: str, first_line: int) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = first_line + (event.start_mark.line if event.start_mark else 0)
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            raise _refuse(
                file, line, "yaml-alias", "anchors and aliases are not allowed", "write it out"
            )
        if isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent) and event.tag:
            raise _refuse(file, line, "yaml-tag", "tags are not allowed", "write plain data")
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise _refuse(
                    file, line, "yaml-too-deep", "the document is nested too deeply", "flatten it"
                )
        elif type(event).__name__ in ("MappingEndEvent", "SequenceEndEvent"):
            depth -= 1


def _refuse(file: str, line: int, code: str, message: str, help: str) -> PathwayError:
    return PathwayError(Problem(code=code, message=message, help=help, where=f"{file}:{line}"))
