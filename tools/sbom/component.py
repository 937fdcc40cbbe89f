"""One part of what ships, in terms of no file format."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Component:
    """A jar, a Python package or a base image.

    `sha256`: of the jar, of the package's wheel, or a base's digest; hexadecimal. `licences`: SPDX
    identifiers and expressions, or names that begin with LicenseRef-. `place`: where it is, for people.
    `shipped`: False for what builds the image and is not in it.
    """

    kind: str
    purl: str
    group: str
    name: str
    version: str
    sha256: str
    licences: tuple[str, ...]
    place: str
    shipped: bool = True


@dataclass(frozen=True)
class Product:
    """What is described: its name, the version that names its content, and what it holds."""

    kind: str
    name: str
    version: str
    components: tuple[Component, ...]
