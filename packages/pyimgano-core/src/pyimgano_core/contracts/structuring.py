"""Plain data (from JSON or TOML) to attrs contracts and back, strictly: every problem with its path.

cattrs by itself turns `"false"` into True and `2.9` into 2; the hooks here refuse that. All problems of a
document are collected into one `StructuringError`.
"""

from __future__ import annotations

import difflib
import math
import re
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

from attrs import fields, has, resolve_types
from cattrs import (
    BaseValidationError,
    ClassValidationError,
    Converter,
    ForbiddenExtraKeysError,
    IterableValidationError,
)
from cattrs.cols import homogenous_tuple_structure_factory, mapping_structure_factory
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

_SCALARS = (bool, int, float, str)
_SCALAR_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


class StructuringError(ValueError):
    """A document does not fit its contract.

    Attributes:
        problems: messages such as `$.model.name: must be text, not 3`.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problems))


def structure(data: object, contract: type[T], *, known_only: bool, path: str = "$") -> T:
    """Return `data` as `contract`.

    Args:
        data: mappings, lists and scalars.
        contract: an attrs class.
        known_only: whether unknown keys are problems (files that people write)
            or ignored (files that machines write, so that additive fields never break a reader).
        path: where `data` stands in its document.

    Raises:
        StructuringError: with every problem found.
    """
    try:
        return _converter(known_only).structure(data, contract)
    except (ClassValidationError, IterableValidationError) as exc:
        raise StructuringError(_problems(exc, path)) from exc
    except (ValueError, TypeError, KeyError) as exc:
        raise StructuringError([f"{path}: {_describe(exc)}"]) from exc


def unstructure(value: object) -> Any:
    """Return `value` as mappings, lists and scalars, ready for JSON."""
    return _converter(False).unstructure(value)


@cache
def _converter(known_only: bool) -> Converter:  # noqa: FBT001
    converter = Converter(forbid_extra_keys=known_only, detailed_validation=True)
    for scalar in _SCALARS:
        converter.register_structure_hook(scalar, _scalar_hook)
    converter.register_structure_hook_factory(_is_literal, _literal_factory)
    converter.register_structure_hook_factory(_is_homogenous_tuple, _strict_tuple_factory)
    converter.register_structure_hook_factory(_is_fixed_tuple, _fixed_tuple_factory)
    converter.register_structure_hook_factory(_is_mapping, _strict_mapping_factory)
    converter.register_structure_hook_factory(
        has,
        lambda cls: _mapping_only(
            cls, make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=known_only), converter
        ),
    )
    converter.register_unstructure_hook_factory(has, lambda cls: _unstructure_attrs(cls, converter))
    return converter


def _unstructure_attrs(cls: type[Any], converter: Converter) -> Any:
    """Fields marked `metadata={"omit_default": True}` are left out where they hold their default."""
    overrides = {
        attribute.name: override(omit_if_default=True)
        for attribute in fields(cls)
        if attribute.metadata.get("omit_default")
    }
    return make_dict_unstructure_fn(cls, converter, **overrides)  # type: ignore[arg-type]


def _scalar_hook(value: object, cls: type[Any]) -> Any:
    if issubclass(cls, Enum):  # a hook for str also receives StrEnum fields
        return _member(value, cls)
    if cls is float and type(value) is int:
        return float(value)
    if type(value) is not cls:
        raise TypeError(f"must be {_SCALAR_WORDS[cls]}, not {_show(value)}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"must be a finite number, not {value}")
    return value


def _member(value: object, cls: type[Enum]) -> Enum:
    for member in cls:
        if value == member.value:
            return member
    raise ValueError(_not_among([member.value for member in cls], value))


def _is_literal(target: Any) -> bool:
    origin: Any = get_origin(target)
    return origin is Literal


def _literal_factory(target: Any) -> Any:
    choices = get_args(target)

    def structure_literal(value: object, _cls: Any) -> Any:
        if not any(value == choice and type(value) is type(choice) for choice in choices):
            raise ValueError(_not_among(choices, value))
        return value

    return structure_literal


def _not_among(choices: Sequence[Any], value: object) -> str:
    only = "must be" if len(choices) == 1 else "must be one of"
    return f"{only} {', '.join(map(repr, choices))}, not {_show(value)}"


def _show(value: object) -> str:
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004


def _mapping_only(cls: type[Any], hook: Any, converter: Converter) -> Any:
    def structure_mapping(value: object, target: type[Any]) -> Any:
        if isinstance(value, cls):
            return value
        if not isinstance(value, dict):
            raise TypeError(f"must be a table of keys, not {_show(value)}")
        try:
            return hook(value, target)
        except ClassValidationError as exc:
            errors = [*exc.exceptions, *_refusals(cls, value, converter, exc)]
            raise ClassValidationError(exc.message, errors, cls) from None

    return structure_mapping


def _refusals(
    cls: type[Any], data: Any, converter: Converter, known: BaseExceptionGroup[Any]
) -> list[Exception]:
    """Ask each validator by itself: attrs asks only where all types are right, and stops at the first."""
    told = {str(error) for error in known.exceptions}
    found: list[Exception] = []
    for attribute in fields(resolve_types(cls)):
        if attribute.validator is None or attribute.name not in data:
            continue
        try:
            value = converter.structure(data[attribute.name], attribute.type)
        except (BaseValidationError, ValueError, TypeError):
            continue  # known already
        try:
            attribute.validator(None, attribute, value)
        except (ValueError, TypeError) as exc:
            found += [] if str(exc) in told else [exc]
        except AttributeError:
            continue  # it compares fields, which needs all of them
    return found


def _is_tuple(target: Any) -> bool:
    return get_origin(target) is tuple


def _is_homogenous_tuple(target: Any) -> bool:
    return _is_tuple(target) and get_args(target)[-1] is Ellipsis


def _is_fixed_tuple(target: Any) -> bool:
    return _is_tuple(target) and get_args(target)[-1] is not Ellipsis


def _strict_tuple_factory(target: Any, converter: Converter) -> Any:
    hook = homogenous_tuple_structure_factory(target, converter)

    def structure_tuple(value: object, cls: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise TypeError(f"must be a list, not {_show(value)}")
        return hook(value, cls)

    return structure_tuple


def _fixed_tuple_factory(target: Any, converter: Converter) -> Any:
    members = get_args(target)

    def structure_tuple(value: object, _cls: Any) -> Any:
        if not isinstance(value, list | tuple) or len(value) != len(members):
            raise TypeError(f"must be a list of {len(members)} values, not {_show(value)}")
        return tuple(converter.structure(item, kind) for item, kind in zip(value, members, strict=True))

    return structure_tuple


def _is_mapping(target: Any) -> bool:
    return get_origin(target) is dict


def _strict_mapping_factory(target: Any, converter: Converter) -> Any:
    hook = mapping_structure_factory(target, converter)

    def structure_mapping(value: object, cls: Any) -> Any:
        if not isinstance(value, dict):
            raise TypeError(f"must be a table of keys, not {_show(value)}")
        if get_args(target)[1] is Any:
            _check_plain(value)
        return hook(value, cls)

    return structure_mapping


def _check_plain(value: object) -> None:
    """Refuse in a free value what JSON can't say: NaN, infinity, and TOML's dates and times."""
    if isinstance(value, dict | list | tuple):
        for member in value.values() if isinstance(value, dict) else value:
            _check_plain(member)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"must hold finite numbers, not {value}")
    elif value is not None and type(value) not in _SCALARS:
        raise TypeError(f"must hold text, numbers, true or false, not {_show(value)}")


def _problems(exc: BaseException, path: str) -> list[str]:
    if isinstance(exc, ClassValidationError):
        with_notes, without = exc.group_exceptions()
        inner = [(error, f"{path}.{note.name}") for error, note in with_notes]
    elif isinstance(exc, IterableValidationError):
        items, without = exc.group_exceptions()
        inner = [
            (error, f"{path}[{note.index}]" if isinstance(note.index, int) else f"{path}.{note.index}")
            for error, note in items
        ]
    elif isinstance(exc, ForbiddenExtraKeysError):
        known = [attribute.name for attribute in fields(exc.cl)]
        return [f"{path}.{key}: {unknown('key', key, known)}" for key in sorted(exc.extra_fields)]
    else:
        return [_with_field(path, _describe(exc))]
    inner += [(error, path) for error in without]
    return [message for error, where in inner for message in _problems(error, where)]


def _with_field(path: str, message: str) -> str:
    """Move the field that an attrs validator names at the start of its message into the path."""
    match = re.match(r"(?:Length of )?'(\w+)' (.*)", message, flags=re.DOTALL)
    if match is None:
        return f"{path}: {message}"
    length = "its length " if message.startswith("Length") else ""
    return f"{path}.{match[1]}: {length}{match[2]}"


def unknown(what: str, name: str, known: list[str]) -> str:
    """Return `unknown key; did you mean 'category'?`, or the choices where none is near."""
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(sorted(known))}"
    return f"unknown {what}; {hint}"


def _describe(exc: BaseException) -> str:
    if isinstance(exc, KeyError):
        return "is required"
    return str(exc.args[0]) if exc.args else type(exc).__name__


__all__ = ["StructuringError", "structure", "unknown", "unstructure"]
