"""What a statement says, as data."""

from dataclasses import dataclass
from decimal import Decimal

from connector.local.oracle.types import ColumnType

# Expressions.


@dataclass(frozen=True, slots=True)
class Literal:
    value: str | Decimal | None


@dataclass(frozen=True, slots=True)
class Bind:
    """`:1`, `:name`, or `?` with its place from 1."""

    name: str
    place: int


@dataclass(frozen=True, slots=True)
class Name:
    """A column."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Calculation:
    """`+`, `-`, `*`, `/` or `||`."""

    sign: str
    left: "Expression"
    right: "Expression"


Expression = Literal | Bind | Name | Call | Calculation

# Conditions.


@dataclass(frozen=True, slots=True)
class Comparison:
    sign: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class IsNull:
    what: Expression
    negated: bool


@dataclass(frozen=True, slots=True)
class Among:
    """IN a list."""

    what: Expression
    items: tuple[Expression, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Like:
    what: Expression
    pattern: Expression
    escape: Expression | None
    negated: bool


@dataclass(frozen=True, slots=True)
class Exists:
    query: "Select"


@dataclass(frozen=True, slots=True)
class Both:
    """AND or OR."""

    word: str
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    what: "Condition"


Condition = Comparison | IsNull | Among | Like | Exists | Both | Not

# Statements.


@dataclass(frozen=True, slots=True)
class TableName:
    owner: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a SELECT list. `aggregate` is COUNT, MAX or MIN; `what` is None in COUNT(*)."""

    title: str
    what: Expression | None
    aggregate: str | None = None


@dataclass(frozen=True, slots=True)
class Select:
    """`items` is empty for `*`. `order` has (expression, descending)."""

    items: tuple[Item, ...]
    table: TableName
    scn: Expression | None = None
    where: Condition | None = None
    order: tuple[tuple[Expression, bool], ...] = ()
    first: Expression | None = None
    for_update: bool = False


@dataclass(frozen=True, slots=True)
class Insert:
    """`columns` is empty for all. A value of None is DEFAULT."""

    table: TableName
    columns: tuple[str, ...]
    rows: tuple[tuple[Expression | None, ...], ...] = ()
    query: Select | None = None


@dataclass(frozen=True, slots=True)
class Update:
    table: TableName
    sets: tuple[tuple[str, Expression | None], ...]
    where: Condition | None


@dataclass(frozen=True, slots=True)
class Delete:
    table: TableName
    where: Condition | None


@dataclass(frozen=True, slots=True)
class Control:
    """COMMIT, ROLLBACK, SAVEPOINT, with the savepoint's name."""

    word: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class LockTable:
    table: TableName
    mode: str


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """`nullable` is None where the statement does not say; `type` too, in MODIFY."""

    name: str
    type: ColumnType | None
    nullable: bool | None = None
    default: str | None = None
    primary_key: bool = False
    unique: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """A PRIMARY KEY or UNIQUE constraint of the table."""

    columns: tuple[str, ...]
    primary: bool
    name: str | None = None


@dataclass(frozen=True, slots=True)
class CreateTable:
    table: TableName
    columns: tuple[ColumnDefinition, ...]
    keys: tuple[Key, ...]
    supplemental: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CreateIndex:
    name: str
    table: TableName
    columns: tuple[str, ...]
    unique: bool


@dataclass(frozen=True, slots=True)
class AlterTable:
    """`action` is ADD, MODIFY, DROP COLUMN, RENAME COLUMN, ADD KEY, ADD LOG or DROP LOG."""

    table: TableName
    action: str
    columns: tuple[ColumnDefinition, ...] = ()
    names: tuple[str, ...] = ()
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class DropTable:
    table: TableName
    purge: bool


@dataclass(frozen=True, slots=True)
class Truncate:
    table: TableName


@dataclass(frozen=True, slots=True)
class AlterDatabase:
    """Supplemental logging of the database: ADD or DROP, and of what: MINIMAL, PRIMARY KEY, ALL."""

    word: str
    what: str


Statement = (
    Select
    | Insert
    | Update
    | Delete
    | Control
    | LockTable
    | CreateTable
    | CreateIndex
    | AlterTable
    | DropTable
    | Truncate
    | AlterDatabase
)
