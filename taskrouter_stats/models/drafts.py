"""Drafts: how objects of frozen classes are made for less than their ``__init__`` costs.

attrs' ``__init__`` of a frozen class assigns each slot through ``object.__setattr__``, which costs
ten times as much as an assignment. A draft is an object of a derived class with the same slots that
permits assignment. Once filled, it is given the frozen class itself, so nobody can tell it from an
object that ``__init__`` made. For a class with the fields ``query`` and ``age``, ``maker`` compiles
this function::

    def make(query, age=default_age):
        made = Draft()
        made.query = query
        made.age = age
        made.__class__ = Made
        return made
"""

from typing import Any, Final, TypeVar

import attrs

__all__ = ["draft_of", "maker"]

T = TypeVar("T")

_ASSIGNABLE: Final[dict[str, Any]] = {
    "__slots__": (),
    "__init__": object.__init__,
    "__setattr__": object.__setattr__,
    "__delattr__": object.__delattr__,  # CPython assigns fast only if both are those of object
}
"""The body of a class whose objects permit assignment."""


def draft_of(cls: type[Any]) -> type[Any]:
    """Return the class of the drafts of a frozen attrs class with slots."""
    return type("Draft", (cls,), _ASSIGNABLE)


def maker(cls: type[T]) -> type[T]:
    """Return a function that makes what the class makes of the same arguments, and costs less.

    For type checkers it is the class.

    Args:
        cls: the frozen attrs class with slots.

    Raises:
        TypeError: the class has a converter, validator, factory or ``__attrs_post_init__``.
    """
    kind: Any = cls
    factory: Any = attrs.Factory  # a class, which type checkers take for a function
    fields: tuple[Any, ...] = attrs.fields(kind)
    if hasattr(cls, "__attrs_post_init__") or any(
        field.converter or field.validator or isinstance(field.default, factory) for field in fields
    ):
        raise TypeError(f"{cls.__name__} does more than assign its fields: call the class")
    names: dict[str, Any] = {f"default_{field.name}": field.default for field in fields}
    names |= {"Draft": draft_of(cls), "Made": cls}
    parameters = (
        field.alias if field.default is attrs.NOTHING else f"{field.alias}=default_{field.name}"
        for field in fields
    )
    lines = (
        f"def make({', '.join(parameters)}):",
        "made = Draft()",
        *(f"made.{field.name} = {field.alias}" for field in fields),
        "made.__class__ = Made",
        "return made",
    )
    code = compile("\n    ".join(lines), f"<maker of {cls.__name__}>", "exec")
    exec(code, names)  # noqa: S102 (the source holds names of our own fields only)
    make: type[T] = names["make"]
    return make
