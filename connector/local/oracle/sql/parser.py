"""Statements that read and change rows, and those that control the transaction."""

from decimal import Decimal
from functools import lru_cache

from connector.local.oracle.errors import OracleError
from connector.local.oracle.sql.definitions import definition
from connector.local.oracle.sql.nodes import (
    Among,
    Both,
    Call,
    Comparison,
    Condition,
    Control,
    Delete,
    Exists,
    Expression,
    Insert,
    IsNull,
    Item,
    Like,
    Literal,
    LockTable,
    Name,
    Not,
    Select,
    Statement,
    Update,
)
from connector.local.oracle.sql.reader import Reader

_SIGNS = {"=": "=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", "<>": "<>", "!=": "<>", "^=": "<>"}
_AGGREGATES = frozenset({"COUNT", "MAX", "MIN"})


@lru_cache(maxsize=512)
def parse(sql: str) -> Statement:
    """One statement. ORA-00900 by name for what is not known."""
    reader = Reader(sql)
    statement = _statement(reader)
    reader.end()
    return statement


@lru_cache(maxsize=64)
def parse_condition(sql: str) -> Condition:
    """What may follow WHERE."""
    reader = Reader(sql)
    found = condition(reader)
    reader.end()
    return found


@lru_cache(maxsize=64)
def parse_expression(sql: str) -> Expression:
    """A value, as after DEFAULT."""
    reader = Reader(sql)
    found = reader.expression()
    reader.end()
    return found


def _statement(reader: Reader) -> Statement:
    if reader.accept("SELECT"):
        return select(reader)
    if reader.accept("INSERT", "INTO"):
        return _insert(reader)
    if reader.accept("UPDATE"):
        return _update(reader)
    if reader.accept("DELETE"):
        reader.accept("FROM")
        table = reader.table()
        _alias(reader)
        return Delete(table, _where(reader))
    found = _control(reader) or definition(reader)
    if found is None:
        raise OracleError.unknown(f"the statement `{' '.join(reader.sql.split())[:80]}`")
    return found


def _control(reader: Reader) -> Statement | None:
    if reader.accept("COMMIT"):
        reader.accept("WORK")
        return Control("COMMIT")
    if reader.accept("ROLLBACK"):
        reader.accept("WORK")
        if reader.accept("TO"):
            reader.accept("SAVEPOINT")
            return Control("ROLLBACK", reader.identifier())
        return Control("ROLLBACK")
    if reader.accept("SAVEPOINT"):
        return Control("SAVEPOINT", reader.identifier())
    return _lock(reader) if reader.accept("LOCK", "TABLE") else None


def _alias(reader: Reader) -> None:
    if reader.token.kind == "quoted" or (
        reader.token.kind == "word"
        and reader.token.value not in {"AS", "WHERE", "SET", "ORDER", "FETCH", "FOR"}
    ):
        reader.take()


def select(reader: Reader) -> Select:
    items: tuple[Item, ...] = () if reader.accept("*") else _items(reader)
    reader.expect("FROM")
    table = reader.table()
    scn = None
    if reader.accept("AS", "OF", "SCN"):
        scn = reader.expression()
    _alias(reader)
    where = _where(reader)
    order: list[tuple[Expression, bool]] = []
    if reader.accept("ORDER", "BY"):
        order.append(_direction(reader))
        while reader.accept(","):
            order.append(_direction(reader))
    first: Expression | None = None
    if reader.accept("FETCH"):
        if not reader.accept("FIRST"):
            reader.expect("NEXT")
        first = Literal(Decimal(1)) if reader.at("ROW") or reader.at("ROWS") else reader.expression()
        if not reader.accept("ROWS"):
            reader.expect("ROW")
        reader.expect("ONLY")
    for_update = reader.accept("FOR", "UPDATE")
    return Select(items, table, scn, where, tuple(order), first, for_update)


def _direction(reader: Reader) -> tuple[Expression, bool]:
    what = reader.expression()
    descending = reader.accept("DESC")
    if not descending:
        reader.accept("ASC")
    return what, descending


def _items(reader: Reader) -> tuple[Item, ...]:
    items = [_item(reader)]
    while reader.accept(","):
        items.append(_item(reader))
    return tuple(items)


def _item(reader: Reader) -> Item:
    start = reader.token.start
    what: Expression | None
    aggregate = None
    if reader.token.kind == "word" and reader.token.value in _AGGREGATES and reader.following().value == "(":
        aggregate = reader.take().value
        reader.expect("(")
        what = None if aggregate == "COUNT" and reader.accept("*") else reader.expression()
        reader.expect(")")
    else:
        what = reader.expression()
    title = "".join(reader.sql[start : reader.token.start].split()).upper()
    if isinstance(what, Name) and aggregate is None:
        title = what.name
    if reader.accept("AS") or reader.token.kind == "quoted" or not (reader.at("FROM") or reader.at(",")):
        title = reader.identifier()
    return Item(title, what, aggregate)


def _where(reader: Reader) -> Condition | None:
    return condition(reader) if reader.accept("WHERE") else None


def condition(reader: Reader) -> Condition:
    """A condition: OR binds less than AND, AND less than NOT."""
    parts = [_all_of(reader)]
    while reader.accept("OR"):
        parts.append(_all_of(reader))
    return parts[0] if len(parts) == 1 else Both("OR", tuple(parts))


def _all_of(reader: Reader) -> Condition:
    parts = [_negation(reader)]
    while reader.accept("AND"):
        parts.append(_negation(reader))
    return parts[0] if len(parts) == 1 else Both("AND", tuple(parts))


def _negation(reader: Reader) -> Condition:
    if reader.accept("NOT"):
        return Not(_negation(reader))
    if reader.accept("EXISTS"):
        reader.expect("(", "SELECT")
        queries: tuple[Condition, ...] = (Exists(select(reader)),)
        while reader.accept("UNION"):
            reader.expect("ALL", "SELECT")
            queries += (Exists(select(reader)),)
        reader.expect(")")
        return queries[0] if len(queries) == 1 else Both("OR", queries)
    if reader.at("(") and _is_condition(reader):
        reader.expect("(")
        inner = condition(reader)
        reader.expect(")")
        return inner
    return _test(reader)


def _is_condition(reader: Reader) -> bool:
    # Does a comparison stand in these parentheses, or only a value?
    depth, ahead = 0, 0
    while reader.following(ahead).kind != "end":
        token = reader.following(ahead)
        if token.kind == "sign":
            depth += {"(": 1, ")": -1}.get(token.value, 0)
            if depth == 0:
                return False
            if token.value in _SIGNS:
                return True
        if token.kind == "word" and token.value in {"IS", "IN", "LIKE", "BETWEEN", "EXISTS", "NOT"}:
            return True
        ahead += 1
    return False


def _test(reader: Reader) -> Condition:
    left = reader.expression()
    if reader.token.kind == "sign" and reader.token.value in _SIGNS:
        return Comparison(_SIGNS[reader.take().value], left, reader.expression())
    if reader.accept("IS"):
        negated = reader.accept("NOT")
        reader.expect("NULL")
        return IsNull(left, negated)
    negated = reader.accept("NOT")
    if reader.accept("IN"):
        reader.expect("(")
        items = [reader.expression()]
        while reader.accept(","):
            items.append(reader.expression())
        reader.expect(")")
        return Among(left, tuple(items), negated)
    if reader.accept("LIKE"):
        pattern = reader.expression()
        return Like(left, pattern, reader.expression() if reader.accept("ESCAPE") else None, negated)
    if reader.accept("BETWEEN"):
        low = reader.expression()
        reader.expect("AND")
        inside = Both("AND", (Comparison(">=", left, low), Comparison("<=", left, reader.expression())))
        return Not(inside) if negated else inside
    raise reader.unknown()


def _insert(reader: Reader) -> Insert:
    table = reader.table()
    columns = reader.identifiers() if reader.at("(") else ()
    if reader.accept("SELECT"):
        return Insert(table, columns, query=select(reader))
    reader.expect("VALUES")
    rows = [_values(reader)]
    while reader.accept(","):
        rows.append(_values(reader))
    return Insert(table, columns, tuple(rows))


def _values(reader: Reader) -> tuple[Expression | None, ...]:
    reader.expect("(")
    values = [_value(reader)]
    while reader.accept(","):
        values.append(_value(reader))
    reader.expect(")")
    return tuple(values)


def _value(reader: Reader) -> Expression | None:
    return None if reader.accept("DEFAULT") else reader.expression()


def _update(reader: Reader) -> Update:
    table = reader.table()
    _alias(reader)
    reader.expect("SET")
    sets = [_set(reader)]
    while reader.accept(","):
        sets.append(_set(reader))
    return Update(table, tuple(sets), _where(reader))


def _set(reader: Reader) -> tuple[str, Expression | None]:
    name = reader.identifier()
    if reader.accept("."):
        name = reader.identifier()
    reader.expect("=")
    return name, _value(reader)


def _lock(reader: Reader) -> LockTable:
    table = reader.table()
    reader.expect("IN")
    words = []
    while not reader.accept("MODE"):
        words.append(reader.identifier())
    reader.accept("NOWAIT")
    return LockTable(table, " ".join(words))


def is_count(item: Item) -> bool:
    """COUNT(*), COUNT(1): every row counts."""
    return item.aggregate == "COUNT" and not isinstance(item.what, (Name, Call))
