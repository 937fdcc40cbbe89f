"""The zip that holds the functions' code, named by its content.

The hook that uploads the zip and the resolver that names it call the same function. The name depends only on
the installed files: not on the working directory, times, file modes or the version of zlib, because it is
made from what the zip holds and not from its bytes. Of our own code the zip holds what a handler imports, of
the vendored packages what that needs; a test compares both with what Python's `modulefinder` finds.
"""

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib import metadata
from pathlib import Path, PurePosixPath

from connector.domain.errors import OperatorError

#: Packages that the Lambda runtime does not have: the Kafka client, and `requests` with what it needs beside
#: urllib3. Pure Python only: the zip runs on any architecture. Without charset-normalizer, which guesses the
#: encoding of a text: `requests` does without it since 2.32 (its HISTORY.md), and JSON and metrics are UTF-8.
#: certifi's `cacert.pem` is needed by more than `requests`: botocore trusts it, too, where it finds certifi.
VENDORED = ("kafka-python", "requests", "certifi", "idna")

#: The handlers, as CloudFormation's `Handler` wants them.
CONNECT_ADMIN_HANDLER = "lambda_src.connect_admin.handler.handler"
CONNECT_HEALTH_HANDLER = "lambda_src.connect_health.handler.handler"
HANDLERS = (CONNECT_ADMIN_HANDLER, CONNECT_HEALTH_HANDLER)

#: Parts of vendored packages that nothing here imports: their commands, benchmarks and generators of code.
_UNUSED = re.compile(
    r"""kafka/(?:cli|benchmarks|vendor|protocol/old)/
    |kafka/protocol/generate_stubs\.py
    |kafka/coordinator/(?:assignors/cooperative_sticky|subscription)\.py
    |idna/(?:cli|codec|compat)\.py
    |requests/help\.py
    |.*/(?:tests?/|__main__\.py$|py\.typed$)""",
    re.VERBOSE,
)
#: An import of our own code, wherever it stands: some are put off until a function needs them.
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ ]((?:connector|lambda_src)[\w.]*)[ ]import[ ](\([^)]*\)|.*)"
    r"|import[ ]((?:connector|lambda_src)[\w.]*))",
    re.MULTILINE,
)
_WORD = re.compile(r"\w+")

#: The earliest time that a zip can hold.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE_644 = 0o100644 << 16
_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Package:
    """The zip: `key` is where it goes in the artifact bucket, `sha256` is that of what it holds, in hex.

    Two versions of zlib may make other bytes of the same members: they are the same package.
    """

    key: str
    sha256: str
    members: Mapping[str, bytes] = field(repr=False)

    @cached_property
    def content(self) -> bytes:
        """The bytes of the zip, compressed when they are first asked for: most launches upload nothing."""
        return _zip(self.members)


def build_package(folder: str = "lambda") -> Package:
    """The zip with everything the functions need beyond the Lambda runtime; `folder` is where its key begins.

    Raises `OperatorError` when a vendored package is not installed. The files are read once in a process,
    which is one run of a command.
    """
    members, digest = _members(_ROOT)
    return Package(f"{folder}/connect-{digest[:16]}.zip", digest, members)


@lru_cache(maxsize=1)
def _members(root: Path) -> tuple[Mapping[str, bytes], str]:
    """Name -> content of every member, in order, and the hash of it all."""
    found = dict(_own_files(root))
    for distribution in VENDORED:
        found.update(_vendored_files(distribution))
    members = {name: found[name] for name in sorted(found)}
    digest = hashlib.sha256()
    for name, content in members.items():
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return members, digest.hexdigest()


def _own_files(root: Path) -> Iterator[tuple[str, bytes]]:
    """The handlers and, from one to the next, each module of ours that they import."""
    waiting, seen = [handler.rpartition(".")[0] for handler in HANDLERS], set[str]()
    while waiting:
        module = waiting.pop()
        if not module or module in seen:
            continue
        seen.add(module)
        waiting.append(module.rpartition(".")[0])  # its package is imported before it
        place = root.joinpath(*module.split("."))
        path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if not path.is_file():
            continue  # a name that is imported from a module
        content = path.read_bytes()
        yield path.relative_to(root).as_posix(), content
        for package, names, plain in _IMPORT.findall(content.decode()):
            waiting += [plain or package, *(f"{package}.{name}" for name in _WORD.findall(names))]


def _vendored_files(distribution: str) -> Iterator[tuple[str, bytes]]:
    try:
        installed = metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        raise OperatorError(f"{distribution} is not installed; run `uv sync` in the checkout") from None
    for file in installed.files or []:
        if _wanted(PurePosixPath(file.as_posix())):
            yield file.as_posix(), Path(str(file.locate())).read_bytes()


def _wanted(path: PurePosixPath) -> bool:
    """Leave out files that depend on how a package was installed, and files that no function reads.

    `METADATA` stays: it tells a scanner of the deployed function what is in it.
    """
    if ".." in path.parts or path.suffix in (".pyc", ".pyi", ".so", ".pyd"):
        return False
    if path.parts[0].endswith(".dist-info"):
        return "licenses" in path.parts or path.name == "METADATA"
    return not _UNUSED.match(path.as_posix())


def _zip(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3  # Unix, wherever the zip is built
            info.external_attr = _REGULAR_FILE_644
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content, compresslevel=9)
    return buffer.getvalue()
