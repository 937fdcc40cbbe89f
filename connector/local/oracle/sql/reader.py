"""Walks over the words of a statement; expressions and names, which every statement has."""

from decimal import Decimal

from connector.local.oracle.errors import OracleError
from connector.local.oracle.sql.nodes import Bind, Calculation, Call, Expression, Literal, Name, TableName
from connector.local.oracle.sql.tokens import Token, tokens

#: Functions without parentheses.
_BARE = frozenset({"SYSDATE", "SYSTIMESTAMP", "CURRENT_TIMESTAMP", "USER"})


class Reader:
    """A place in the words of a statement."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self._tokens = tokens(sql)
        self._at = 0
        self._marks = 0

    @property
    def token(self) -> Token:
        return self._tokens[self._at]

    def following(self, ahead: int = 1) -> Token:
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)]

    def take(self) -> Token:
        token = self.token
        if token.kind != "end":
            self._at += 1
        return token

    def at(self, *words: str) -> bool:
        """Whether these words or signs are next."""
        return all(
            self.following(ahead).kind in {"word", "sign"} and self.following(ahead).value == word
            for ahead, word in enumerate(words)
        )

    def accept(self, *words: str) -> bool:
        """Take these words if they are next."""
        if not self.at(*words):
            return False
        self._at += len(words)
        return True

    def expect(self, *words: str) -> None:
        for word in words:
            if not self.accept(word):
                raise self.unknown()

    def unknown(self) -> OracleError:
        """The rest of the statement is not known."""
        rest = self.sql[self.token.start :].strip()
        return OracleError.unknown(
            f"what begins with `{rest[:60]}`" if rest else "a statement that ends here"
        )

    def end(self) -> None:
        """Nothing but a semicolon may follow."""
        self.accept(";")
        if self.token.kind != "end":
            raise self.unknown()

    def identifier(self) -> str:
        if self.token.kind not in {"word", "quoted"}:
            raise self.unknown()
        return self.take().value

    def identifiers(self) -> tuple[str, ...]:
        """Names in parentheses."""
        self.expect("(")
        names = [self.identifier()]
        while self.accept(","):
            names.append(self.identifier())
        self.expect(")")
        return tuple(names)

    def table(self) -> TableName:
        first = self.identifier()
        return TableName(first, self.identifier()) if self.accept(".") else TableName(None, first)

    # -- expressions ---------------------------------------------------------------------------------------

    def expression(self) -> Expression:
        left = self._product()
        while self.token.kind == "sign" and self.token.value in {"+", "-", "||"}:
            left = Calculation(self.take().value, left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._factor()
        while self.token.kind == "sign" and self.token.value in {"*", "/"}:
            left = Calculation(self.take().value, left, self._factor())
        return left

    def _factor(self) -> Expression:
        if self.accept("-"):
            inner = self._factor()
            if isinstance(inner, Literal) and isinstance(inner.value, Decimal):
                return Literal(-inner.value)
            return Calculation("-", Literal(Decimal(0)), inner)
        if self.accept("+"):
            return self._factor()
        if self.accept("("):
            inner = self.expression()
            self.expect(")")
            return inner
        return self._primary()

    def _primary(self) -> Expression:
        token = self.token
        if token.kind == "number":
            return Literal(Decimal(self.take().value))
        if token.kind == "text":
            return Literal(self.take().value or None)
        if token.kind == "bind":
            self._marks += 1
            return Bind(self.take().value.lstrip(":"), self._marks)
        if self.accept("NULL"):
            return Literal(None)
        if token.kind not in {"word", "quoted"}:
            raise OracleError.of(936)
        return self._named()

    def _named(self) -> Expression:
        token = self.take()
        if token.kind == "word":
            if token.value in {"DATE", "TIMESTAMP"} and self.token.kind == "text":
                return Call(f"{token.value} LITERAL", (Literal(self.take().value),))
            if self.accept("("):
                return Call(token.value, self._arguments())
            if token.value in _BARE:
                return Call(token.value, ())
        # A name before a dot is the table or its alias: there is only one table.
        return Name(self.identifier()) if self.accept(".") else Name(token.value)

    def _arguments(self) -> tuple[Expression, ...]:
        if self.accept(")"):
            return ()
        arguments = [self.expression()]
        while self.accept(","):
            arguments.append(self.expression())
        self.expect(")")
        return tuple(arguments)
