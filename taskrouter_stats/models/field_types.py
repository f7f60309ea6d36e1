"""Kinds of field types that the converter distinguishes."""

from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import attrs

from .record import NOT_JSON
from .sids import SidKind

__all__ = ["is_json", "is_mapping", "is_optional", "is_sid", "is_tuple", "required_type"]


def is_json(field: "attrs.Attribute[Any]") -> bool:
    """Return whether the JSON has a key for this field."""
    return field.name != "extra" and not field.metadata.keys() >= NOT_JSON.keys()


def is_optional(kind: Any) -> bool:
    """Return whether the type is ``X | None``."""
    kinds = get_args(kind) if isinstance(kind, UnionType) or get_origin(kind) is Union else ()
    return len(kinds) == 2 and type(None) in kinds  # noqa: PLR2004


def required_type(kind: Any) -> Any:
    """Return ``X`` for ``X | None``, and any other type unchanged."""
    if not is_optional(kind):
        return kind
    return next(part for part in get_args(kind) if part is not type(None))


def is_sid(kind: Any) -> bool:
    """Return whether the type is text that must be a SID of one kind."""
    return get_origin(kind) is Annotated and isinstance(get_args(kind)[1], SidKind)


def is_mapping(kind: Any) -> bool:
    """Return whether the type is ``Mapping[K, V]``."""
    origin: object = get_origin(kind)
    return origin is Mapping


def is_tuple(kind: Any) -> bool:
    """Return whether the type is ``tuple[X, ...]``."""
    origin: object = get_origin(kind)
    return origin is tuple
