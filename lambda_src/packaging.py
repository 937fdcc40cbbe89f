"""The zip that holds the functions' code, named by its content.

The hook that uploads the zip and the resolver that names it call the same function. Its result depends only
on the installed files: not on the working directory, times, file modes or the version of zlib (members are
stored, not deflated; Lambda's limit of 50 MB is far away).
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path, PurePosixPath

from connector.domain.errors import OperatorError

#: Packages that the Lambda runtime does not have: the Kafka client, and `requests` with what it
#: imports beside urllib3. Pure Python only: the zip runs on any architecture.
VENDORED = ("kafka-python", "requests", "certifi", "charset-normalizer", "idna")

#: Our own code, as patterns below the repository.
_OURS = ("connector/__init__.py", "connector/domain/**/*.py", "lambda_src/**/*.py")

#: The handler of the admin function, as CloudFormation's `Handler` wants it.
CONNECT_ADMIN_HANDLER = "lambda_src.connect_admin.handler.handler"

#: The earliest time that a zip can hold.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE_644 = 0o100644 << 16
_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Package:
    """The zip: `key` is where it goes in the artifact bucket, `sha256` is that of `content`, in hex."""

    key: str
    sha256: str
    content: bytes = field(repr=False)


def build_package(folder: str = "lambda") -> Package:
    """The zip with everything the functions need beyond the Lambda runtime; `folder` is where its key begins.

    Raises `OperatorError` when a vendored package is not installed.
    """
    members = dict(_own_files())
    for distribution in VENDORED:
        members.update(_vendored_files(distribution))
    content = _zip(members)
    digest = hashlib.sha256(content).hexdigest()
    return Package(f"{folder}/connect-{digest[:16]}.zip", digest, content)


def _own_files() -> Iterator[tuple[str, bytes]]:
    for pattern in _OURS:
        for path in _ROOT.glob(pattern):
            yield path.relative_to(_ROOT).as_posix(), path.read_bytes()


def _vendored_files(distribution: str) -> Iterator[tuple[str, bytes]]:
    try:
        installed = metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        raise OperatorError(f"{distribution} is not installed; run `uv sync` in the checkout") from None
    for file in installed.files or []:
        if _wanted(PurePosixPath(file.as_posix())):
            yield file.as_posix(), Path(str(file.locate())).read_bytes()


def _wanted(path: PurePosixPath) -> bool:
    """Leave out files that depend on how a package was installed, and files that no function reads."""
    # A compiled module of charset-normalizer stands beside the same module in Python.
    if ".." in path.parts or path.suffix in (".pyc", ".pyi", ".so", ".pyd"):
        return False
    if path.parts[0].endswith(".dist-info"):
        return "licenses" in path.parts or path.name == "METADATA"
    return "tests" not in path.parts and "test" not in path.parts


def _zip(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3  # Unix, wherever the zip is built
            info.external_attr = _REGULAR_FILE_644
            archive.writestr(info, members[name])
    return buffer.getvalue()
