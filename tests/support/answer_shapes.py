"""What a fake answers is checked against botocore's model of the operation: a fake must not invent AWS.

A member that AWS does not give, one that it always gives and that is missing, a wrong type, a value that is
not in an enumeration: each is an error of the fake, which would let code pass that fails on AWS.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache, wraps
from typing import Any, TypeVar

import botocore.session
from boto3.dynamodb.types import TypeSerializer
from botocore import xform_name
from botocore.model import ServiceModel, Shape

#: What botocore adds to each answer.
_ADDED = ("ResponseMetadata",)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


#: Kind of a value in botocore's model -> whether it is one. A time has a zone, as botocore's have.
_IS: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("integer", "long"), _whole),
    **dict.fromkeys(("float", "double"), lambda value: isinstance(value, float) or _whole(value)),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "blob": lambda value: isinstance(value, bytes | bytearray) or hasattr(value, "read"),
    "timestamp": lambda value: isinstance(value, datetime) and value.tzinfo is not None,
}

T = TypeVar("T")


class UnlikeAws(AssertionError):
    """A fake's answer that AWS never gives."""


def check(service: str, command: str, answer: object) -> None:
    """Raise `UnlikeAws` unless AWS could give this answer to the operation, as boto3 calls it."""
    shape = _operations(service)[command]
    found = list(_problems(answer, shape, command)) if shape is not None else []
    if found:
        raise UnlikeAws(f"{service}: {'; '.join(found)}")


def shaped(service: str) -> Callable[[type[T]], type[T]]:
    """A fake client of a service, each of whose operations is checked."""

    def decorate(fake: type[T]) -> type[T]:
        for name in set(vars(fake)) & set(_operations(service)):
            setattr(fake, name, _checked(service, name, getattr(fake, name)))
        return fake

    return decorate


def _checked(service: str, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        answer = method(*args, **kwargs)
        check(service, name, _serialized(answer) if service == "dynamodb" else answer)
        return answer

    return call


def _serialized(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """As the service gives what boto3's table turns into Python's types."""
    items = {name: answer[name] for name in ("Item", "Attributes") if name in answer}
    serialize = TypeSerializer().serialize
    return {
        **answer,
        **{name: {key: serialize(value) for key, value in item.items()} for name, item in items.items()},
    }


@cache
def _operations(service: str) -> Mapping[str, Shape | None]:
    """Operation, as boto3 spells it -> the shape of its answer, None where there is none."""
    model: ServiceModel = botocore.session.get_session().get_service_model(service)
    return {xform_name(name): model.operation_model(name).output_shape for name in model.operation_names}


def _problems(value: Any, shape: Any, place: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        yield from _structure(value, shape, place)
    elif kind == "list":
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            yield f"{place} is {value!r}, no list"
            return
        for number, entry in enumerate(value):
            yield from _problems(entry, shape.member, f"{place}[{number}]")
    elif kind == "map":
        for key, entry in value.items():
            yield from _problems(entry, shape.value, f"{place}[{key!r}]")
    elif not _IS[kind](value):
        yield f"{place} is {value!r}, no {kind}"
    elif getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{place} is {value!r}, none of {', '.join(shape.enum)}"


def _structure(value: Any, shape: Any, place: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{place} is {value!r}, no structure"
        return
    for name in sorted({*value} - {*shape.members, *_ADDED}):
        yield f"{place} has {name}, which AWS never gives"
    for name in sorted({*shape.required_members} - {*value}):
        yield f"{place} lacks {name}, which AWS always gives"
    for name in sorted({*value} & {*shape.members}):
        yield from _problems(value[name], shape.members[name], f"{place}.{name}")
