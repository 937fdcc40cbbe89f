"""The image of this checkout: build it with a container tool, publish it in the foundation's repository."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from connector.aws import calls, stacks
from connector.domain.errors import OperatorError, ServerError, WmsError
from connector.domain.stage import aws_names
from connector.image_publishing import bases, content, jdbc_plugin, registry
from connector.image_publishing.jdbc_plugin import JdbcPlugin
from connector.image_publishing.tools import Login, Tool

#: Takes one line of progress.
Report = Callable[[str], None]


@dataclass(frozen=True)
class Image:
    """What is to be built: the directory with the Dockerfile, the two bases, the tag made from all of it.

    `plugin` is that of the kind `jdbc`, if the image is to hold it.
    """

    directory: Path
    bases: tuple[bases.Base, ...]
    bases_file: Path
    tag: str
    plugin: JdbcPlugin | None = None

    @classmethod
    def of(cls, directory: Path = content.IMAGE, bases_file: Path | None = None) -> "Image":
        """Read from a checkout; another file may name other bases, which makes it another image."""
        file = bases_file or directory / content.BASES.name
        chosen = bases.read(file)
        return cls(directory, chosen, file, content.tag(directory, chosen), jdbc_plugin.read(directory))

    @property
    def local(self) -> str:
        """Its name on the machine that built it."""
        return f"localhost/{aws_names.PRODUCT}:{self.tag}"

    def build(self, tool: Tool, report: Report) -> bool:
        """Build it unless the tool has it; answers whether anything was done."""
        if tool.has(self.local):
            return False
        bases.require_pinned(self.bases, self.bases_file.name)
        report(f"building {self.local} with {tool.name}")
        arguments = {base.name: base.by_digest for base in self.bases}
        if self.plugin is not None:
            report(f"with the JDBC plugin {self.plugin.describe()}")
            arguments |= self.plugin.arguments
        tool.build(self.directory, arguments, self.local)
        return True


@dataclass(frozen=True)
class Status:
    """Where the image of this checkout is. None: this could not be checked."""

    tag: str
    bases: dict[str, str]
    #: Where the plugin of the kind `jdbc` comes from, with its licence; None if the image does not hold it.
    jdbc_plugin: str | None
    pinned: bool
    tool: str | None
    built: bool | None
    repository: str | None
    published: bool | None
    digest: str | None
    #: What a task definition takes.
    image: str | None
    problems: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self) | {"problems": list(self.problems)}


def publish(image: Image, connection: calls.Port, choose: Callable[[], Tool], report: Report) -> str:
    """Make sure that the registry has the image; answers `<repository>@<digest>`.

    Tags are immutable and name their content: one that is there is never pushed again.
    """
    where = registry.repository(stacks.foundation_outputs(connection))
    digest = registry.published(connection, where, image.tag)
    if digest is None:
        tool = choose()
        image.build(tool, report)
        user, password = registry.login(connection)
        target = f"{where.uri}:{image.tag}"
        report(f"pushing {target}")
        tool.push(image.local, target, Login(where.registry, user, password))
        digest = registry.published(connection, where, image.tag)
        if digest is None:
            raise ServerError(
                f"{target} was pushed, but {where.registry} does not list it; check the registry"
            )
    return f"{where.uri}@{digest}"


def status(image: Image, connect: Callable[[], calls.Port], choose: Callable[[], Tool]) -> Status:
    """What exists; a check that could not be made is a problem in the answer, not an error."""
    problems: list[str] = []
    tool: Tool | None = None
    where: registry.Repository | None = None
    published: tuple[str | None] | None = None
    with _noted(problems):
        bases.require_pinned(image.bases, image.bases_file.name)
    with _noted(problems):
        tool = choose()
    with _noted(problems), calls.errors():
        connection = connect()
        where = registry.repository(stacks.foundation_outputs(connection))
        published = (registry.published(connection, where, image.tag),)
    digest = published[0] if published else None
    return Status(
        tag=image.tag,
        bases={base.name: base.by_digest if base.digest else base.by_tag for base in image.bases},
        jdbc_plugin=image.plugin.describe() if image.plugin else None,
        pinned=all(base.digest for base in image.bases),
        tool=tool.name if tool else None,
        built=tool.has(image.local) if tool else None,
        repository=where.uri if where else None,
        published=digest is not None if published else None,
        digest=digest,
        image=f"{where.uri}@{digest}" if where and digest else None,
        problems=tuple(problems),
    )


@contextmanager
def _noted(problems: list[str]) -> Iterator[None]:
    try:
        yield
    except WmsError as error:
        problems.append(str(error))


def pin(image: Image, tool: Tool, today: date) -> dict[str, str]:
    """Write the current digest of each base's tag into the file of bases, with its source; name -> digest."""
    found: dict[str, str] = {}
    for base in image.bases:
        if not base.tag:
            raise OperatorError(
                f"{image.bases_file.name}: {base.name} has no tag, so there is no tag to resolve"
            )
        digest = tool.digest(base.by_tag)
        if not bases.is_digest(digest):
            raise ServerError(f"{tool.name} returned no digest for {base.by_tag}: {digest!r}")
        found[base.name] = digest
    source = f"the registry, by {tool.name}, {today.isoformat()}"
    text = image.bases_file.read_text(encoding="utf-8")
    image.bases_file.write_text(bases.pinned(text, found, source), encoding="utf-8")
    return found
