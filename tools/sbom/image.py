"""What the worker's image holds, from the repository alone: neither Maven nor a registry is asked.

Checksums are those that the build enforces; coordinates and licences stand in connector/image/LICENCES.md,
which a test makes from the assembled jars.
"""

import re
from pathlib import Path
from urllib.parse import quote

from connector.image_publishing import bases, content
from tools.sbom.component import Component, Product

_ROW = re.compile(
    r"\| `(?P<place>[^`]+)` \| (?P<group>[\w.-]+):(?P<artifact>[\w.-]+) \| (?P<version>[\w.-]+) "
    r"\| (?P<licences>[^|]+) \| [^|]+ \|"
)
#: Of a base, what its publisher says of Java; the distribution's packages have a list of their own in it.
_JAVA = ("GPL-2.0-only WITH Classpath-exception-2.0",)
#: What assembles the directory and is thrown away: Maven's licence, and its Java's.
_BASES = {"JRE_IMAGE": (_JAVA, True), "MAVEN_IMAGE": (("Apache-2.0", *_JAVA), False)}


def image(directory: Path = content.IMAGE) -> Product:
    """The image's bases and jars. Raises ValueError where a list lacks a jar that another one has."""
    base_images = bases.read(directory / content.BASES.name)
    bases.require_pinned(base_images, content.BASES.name)
    files = content.files(directory)
    listed = {
        f"{row['place']}/{row['artifact']}-{row['version']}.jar": row
        for row in _ROW.finditer((directory / "LICENCES.md").read_text(encoding="utf-8"))
    }
    jars = {name for name in files if name.endswith(".jar")}
    if odd := sorted(jars ^ listed.keys()):
        raise ValueError(
            f"LICENCES.md and checksums.sha256 do not list the same jars: {', '.join(odd)}; run "
            "`pytest --rewrite-golden tests/image/test_contents.py` and review the change"
        )
    found = [_jar(row, files[name]) for name, row in sorted(listed.items())]
    return Product(
        "container",
        "wms-connector/worker",
        content.tag(directory, base_images),
        (*map(_base, base_images), *found),
    )


def _jar(row: re.Match[str], sha256: str) -> Component:
    group, artifact, version = row["group"], row["artifact"], row["version"]
    return Component(
        "library",
        f"pkg:maven/{group}/{artifact}@{version}",
        group,
        artifact,
        version,
        sha256,
        tuple(row["licences"].strip().split(", ")),
        row["place"],
    )


def _base(base: bases.Base) -> Component:
    """Its purl is of the type oci, whose version is the digest (purl-spec, types/oci-definition)."""
    licences, shipped = _BASES[base.name]
    group, _, name = base.repository.rpartition("/")
    where = f"repository_url={base.repository}&tag={base.tag}"
    return Component(
        "container",
        f"pkg:oci/{name}@{quote(base.digest, safe='')}?{where}",
        group,
        name,
        base.tag,
        base.digest.removeprefix("sha256:"),
        licences,
        base.name,
        shipped,
    )
