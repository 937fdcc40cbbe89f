"""What goes into the image, and the tag that is made from it.

The content is known without building anything: every jar and licence by the committed checksums, which the
build enforces, our own files by themselves, the bases by their digests. So whoever deploys can name the image
of a commit with neither Maven nor a container tool.
"""

import hashlib
import xml.etree.ElementTree as ET
from pathlib import Path

from connector.image_publishing import bases, jdbc_plugin

#: The image's sources.
IMAGE = Path(__file__).resolve().parents[1] / "image"
BASES = IMAGE / "bases.env"

#: Directories that are copied into the image as they are.
_OWN = ("bin", "conf")

#: Where a part's jars go, below `target/`; what is not below this is not in the image.
_SHIPPED = "connect/"

_OUTPUT = "{http://maven.apache.org/POM/4.0.0}properties/{http://maven.apache.org/POM/4.0.0}part.output"


def files(image: Path = IMAGE) -> dict[str, str]:
    """Path below CONNECT_HOME -> SHA-256 of every file in the image's directory."""
    found: dict[str, str] = {}
    for pom in sorted(image.glob("modules/*/pom.xml")):
        output = ET.parse(pom).getroot().findtext(_OUTPUT, "")  # noqa: S314 - our own file
        if not output.startswith(_SHIPPED):
            continue
        for line in (pom.parent / "checksums.sha256").read_text(encoding="utf-8").splitlines():
            digest, name = line.split()
            found[f"{output.removeprefix(_SHIPPED)}/{name.removeprefix('./')}"] = digest
    for directory in _OWN:
        place = image / directory
        for path in (path for path in place.rglob("*") if path.is_file()):
            found[f"{directory}/{path.relative_to(place)}"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return dict(sorted(found.items()))


def tag(image: Path = IMAGE, base_images: tuple[bases.Base, ...] | None = None) -> str:
    """The image's tag: 16 hex digits of the SHA-256 over its files, the Dockerfile and the bases' digests.

    And over that of the JDBC plugin, if one is named, with the script that unpacks it.
    """
    chosen = bases.read(image / BASES.name) if base_images is None else base_images
    digest = hashlib.sha256()
    for base in chosen:
        digest.update(f"{base.name} {base.repository}@{base.digest}\n".encode())
    digest.update(hashlib.sha256((image / "Dockerfile").read_bytes()).digest())
    plugin = jdbc_plugin.read(image)
    if plugin is not None:
        script = hashlib.sha256((image / "modules" / "jdbc-plugin.sh").read_bytes()).hexdigest()
        digest.update(f"{jdbc_plugin.SHA256} {plugin.sha256} {script}\n".encode())
    for name, checksum in files(image).items():
        ours = name.partition("/")[0] in _OWN
        executable = ours and bool((image / name).stat().st_mode & 0o100)
        digest.update(f"{checksum} {'x' if executable else '-'} {name}\n".encode())
    return digest.hexdigest()[:16]
