"""Conditions of IAM statements: operators, absent keys, keys of several values, and policy variables."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.support.iam.patterns import ARN_PARTS, Literal, Pattern, UnsupportedPolicy, matches, split

#: A condition key's value in a request; several for a key of several values.
ContextValue = str | Sequence[str]

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"\s*([A-Za-z0-9:/_.@=+-]+)\s*(?:,\s*'([^']*)'\s*)?")
_SET = ("ForAllValues", "ForAnyValue")


@dataclass(frozen=True)
class Context:
    """The condition keys of a request. The names of keys have no regard to case, their values have."""

    values: Mapping[str, ContextValue]

    @classmethod
    def of(cls, values: Mapping[str, ContextValue]) -> "Context":
        """The context with these keys."""
        return cls({name.lower(): value for name, value in values.items()})

    def get(self, key: str) -> ContextValue | None:
        """The value of a key; None when the request does not have it."""
        return self.values.get(key.lower())

    def filled(self, text: str) -> Pattern:
        """A text with its policy variables filled in.

        A variable with neither a value nor a default raises: that "might cause the entire statement to be
        invalid" (IAM policy elements: Variables and tags), which decides nothing.
        """
        pieces: list[str | Literal] = []
        position = 0
        for found in _VARIABLE.finditer(text):
            pieces.append(text[position : found.start()])
            position = found.end()
            pieces.append(Literal(self._variable(found[1])))
        pieces.append(text[position:])
        return tuple(piece for piece in pieces if piece)

    def _variable(self, inside: str) -> str:
        if inside in ("*", "?", "$"):
            return inside
        name = _NAME.fullmatch(inside)
        if name is None:
            raise UnsupportedPolicy(f"policy variable ${{{inside}}}")
        value = self.get(name[1])
        value = name[2] if value is None else value
        if not isinstance(value, str):
            raise UnsupportedPolicy(f"policy variable ${{{inside}}} does not have one value")
        return value


@dataclass(frozen=True)
class _Operator:
    """A condition operator, taken apart."""

    quantifier: str
    base: str
    if_exists: bool

    @classmethod
    def parse(cls, text: str) -> "_Operator":
        quantifier, _, name = text.rpartition(":")
        base, if_exists = name.removesuffix("IfExists"), name.endswith("IfExists")
        known = base in _OPERATORS or (base == "Null" and not quantifier and not if_exists)
        if not known or quantifier not in ("", *_SET):
            raise UnsupportedPolicy(f"condition operator {text!r}")
        return cls(quantifier, base, if_exists)


def check_conditions(conditions: Mapping[str, Mapping[str, object]]) -> None:
    """Refuse operators and values that are not known here, whether or not their statement applies."""
    for operator, keys in conditions.items():
        parsed = _Operator.parse(operator)
        for expected in keys.values():
            wanted = _texts(expected)
            if parsed.base in ("Null", "Bool") and not {text.lower() for text in wanted} <= {"true", "false"}:
                raise UnsupportedPolicy(f"{operator} takes true or false, not {expected!r}")


def holds(conditions: Mapping[str, Mapping[str, object]], context: Context) -> bool:
    """Whether all conditions of a statement hold."""
    return all(
        _holds(_Operator.parse(operator), key, _texts(expected), context)
        for operator, keys in conditions.items()
        for key, expected in keys.items()
    )


def _holds(operator: _Operator, key: str, wanted: Sequence[str], context: Context) -> bool:
    value = context.get(key)
    if operator.base == "Null":
        return any((text.lower() == "true") == (value is None) for text in wanted)
    compare, negated = _OPERATORS[operator.base]

    def fits(text: str) -> bool:
        # Of several expected values one must fit; with a negated operator none may ("logical AND", or NOR).
        return any(compare(item, text, context) for item in wanted) != negated

    if value is None:
        return _absent(operator, negated)
    if operator.quantifier == "ForAllValues":
        return all(map(fits, [value] if isinstance(value, str) else value))
    if operator.quantifier == "ForAnyValue":
        return any(map(fits, [value] if isinstance(value, str) else value))
    if not isinstance(value, str):
        raise UnsupportedPolicy(f"{key} has several values: that needs ForAllValues or ForAnyValue")
    return fits(value)


def _absent(operator: _Operator, negated: bool) -> bool:
    """What a condition is when the request does not have its key."""
    if operator.quantifier == "ForAnyValue":
        return operator.if_exists
    return operator.quantifier == "ForAllValues" or operator.if_exists or negated


def _texts(expected: object) -> list[str]:
    values = expected if isinstance(expected, list | tuple) else [expected]
    if not values:
        raise UnsupportedPolicy("a condition without a value")
    texts = []
    for value in values:
        if isinstance(value, bool):
            texts.append("true" if value else "false")
        elif isinstance(value, str | int | float):
            texts.append(str(value))
        else:
            raise UnsupportedPolicy(f"condition value {value!r}")
    return texts


def _plain(pattern: Pattern) -> str:
    """The text that an operator without wildcards compares with."""
    return "".join(piece.text if isinstance(piece, Literal) else piece for piece in pattern)


def _equals(expected: str, text: str, context: Context) -> bool:
    return _plain(context.filled(expected)) == text


def _equals_any_case(expected: str, text: str, context: Context) -> bool:
    return _plain(context.filled(expected)).lower() == text.lower()


def _like(expected: str, text: str, context: Context) -> bool:
    return matches(context.filled(expected), text)


def _arn(expected: str, text: str, context: Context) -> bool:
    """ "Each of the six colon-delimited components of the ARN is checked separately"."""
    parts, found = split(context.filled(expected)), text.split(":", 5)
    return len(parts) == len(found) == ARN_PARTS and all(map(matches, parts, found))


def _bool(expected: str, text: str, context: Context) -> bool:
    del context
    return expected.lower() == text.lower()


def _numeric(compare: Callable[[float, float], bool]) -> "_Compare":
    def compared(expected: str, text: str, context: Context) -> bool:
        del context
        return compare(float(text), float(expected))

    return compared


_Compare = Callable[[str, str, Context], bool]

#: Operator -> how it compares, and whether it is negated. ArnEquals and ArnLike "behave identically".
_OPERATORS: Mapping[str, tuple[_Compare, bool]] = {
    "StringEquals": (_equals, False),
    "StringNotEquals": (_equals, True),
    "StringEqualsIgnoreCase": (_equals_any_case, False),
    "StringNotEqualsIgnoreCase": (_equals_any_case, True),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "ArnEquals": (_arn, False),
    "ArnLike": (_arn, False),
    "ArnNotEquals": (_arn, True),
    "ArnNotLike": (_arn, True),
    "Bool": (_bool, False),
    "NumericEquals": (_numeric(lambda a, b: a == b), False),
    "NumericNotEquals": (_numeric(lambda a, b: a == b), True),
    "NumericLessThan": (_numeric(lambda a, b: a < b), False),
    "NumericLessThanEquals": (_numeric(lambda a, b: a <= b), False),
    "NumericGreaterThan": (_numeric(lambda a, b: a > b), False),
    "NumericGreaterThanEquals": (_numeric(lambda a, b: a >= b), False),
}
