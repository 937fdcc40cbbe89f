"""The licences of the image's jars, read from the jars themselves."""

import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

#: How licences are called in manifests and poms -> SPDX identifiers. The first pattern that is found counts.
_SPDX = {
    r"apache|\bASL\b": "Apache-2.0",
    r"lgpl-2\.1|LGPL 2\.1": "LGPL-2.1-only",
    r"classpath|\bGPL-2": "GPL-2.0-only WITH Classpath-exception-2.0",
    r"epl-2|EPL 2|Eclipse Public License v\. 2|EPL-2": "EPL-2.0",
    r"edl-v10|EDL 1|Eclipse Distribution": "BSD-3-Clause",
    r"BSD-2|2-Clause": "BSD-2-Clause",
    r"antlr|BSD-3|3-Clause|Modified BSD|asm\.ow2": "BSD-3-Clause",
    r"MPL": "MPL-1.1",
    r"MIT-0": "MIT-0",
    r"\bMIT\b|mit-license|jquery": "MIT",
    r"publicdomain|Public Domain": "CC0-1.0",
    r"w3\.org|W3C": "W3C-19980720",
    r"Oracle Free Distribution": "LicenseRef-Oracle-Free-Distribution-Hosting-and-Use-Terms",
    r"Oracle Free Use|OFUTC": "LicenseRef-Oracle-Free-Use-Terms",
}

#: Jars that carry no word about it; what their projects state elsewhere, and where.
_STATED = {
    "aws-msk-iam-auth": ("Apache-2.0", "its pom on Maven Central"),
    "reactive-streams": ("MIT-0", "its pom on Maven Central"),
    "slf4j-api": ("MIT", "its parent pom on Maven Central"),
    "sketches-java": ("Apache-2.0", "its pom on Maven Central"),
}
#: Groups at Maven Central of jars that hold no word about it: made with Gradle, or shaded. The poms name most
#: of them; the others are where Central has the jar with this checksum.
_GROUPS = {
    "aws-msk-iam-auth": "software.amazon.msk",
    "connect-api": "org.apache.kafka",
    "connect-json": "org.apache.kafka",
    "connect-runtime": "org.apache.kafka",
    "connect-transforms": "org.apache.kafka",
    "kafka-clients": "org.apache.kafka",
    "ojdbc11": "com.oracle.database.jdbc",
    "orai18n": "com.oracle.database.nls",
    "reactive-streams": "org.reactivestreams",
    "sketches-java": "com.datadoghq",
    "snappy-java": "org.xerial.snappy",
    "third-party-jackson-core": "software.amazon.awssdk",
    "xdb": "com.oracle.database.xml",
    "xmlparserv2": "com.oracle.database.xml",
    "zstd-jni": "com.github.luben",
}
_DEBEZIUM = ("Apache-2.0", "LICENSE.txt beside it")

_MAVEN = "{http://maven.apache.org/POM/4.0.0}"
_TEXT = re.compile(r"(?i)(?:META-INF/)?LICENSE(?:\.txt|\.md)?")


@dataclass(frozen=True)
class Jar:
    """One jar: where it is, its coordinates at Maven Central, its licences and what says so."""

    place: str
    group: str
    artifact: str
    version: str
    licences: tuple[str, ...]
    source: str


def read(home: Path) -> list[Jar]:
    """All jars of an assembled directory; raises for one whose licence nobody states."""
    return [_read(jar, str(jar.parent.relative_to(home))) for jar in sorted(home.rglob("*.jar"))]


def _read(jar: Path, place: str) -> Jar:
    match = re.fullmatch(r"(.+?)-(\d.*)\.jar", jar.name)
    assert match, jar.name
    artifact, version = match.groups()
    with zipfile.ZipFile(jar) as archive:
        group = _group(archive, artifact)
        found = _from_pom(archive, artifact) or _from_manifest(archive) or _from_text(archive)
    if found is None and artifact.startswith("debezium-"):
        found = _DEBEZIUM
    licences, source = found or _STATED[artifact]
    return Jar(place, group, artifact, version, tuple(dict.fromkeys(licences.split(", "))), source)


def _group(archive: zipfile.ZipFile, artifact: str) -> str:
    pattern = rf"META-INF/maven/([^/]+)/{re.escape(artifact)}/pom\.(?:xml|properties)"
    groups = {match[1] for name in archive.namelist() if (match := re.fullmatch(pattern, name))}
    if not groups:
        return _GROUPS[artifact]
    (group,) = groups
    return group


def _from_pom(archive: zipfile.ZipFile, artifact: str) -> tuple[str, str] | None:
    poms = [n for n in archive.namelist() if re.fullmatch(rf"META-INF/maven/[^/]+/{artifact}/pom\.xml", n)]
    for name in poms:
        root = ET.fromstring(archive.read(name))  # noqa: S314 - of a jar whose checksum is listed
        texts = [
            " ".join(filter(None, (each.findtext(f"{_MAVEN}name"), each.findtext(f"{_MAVEN}url"))))
            for each in root.iter(f"{_MAVEN}license")
        ]
        if texts:
            return ", ".join(_spdx(text) for text in texts), "its pom"
    return None


def _from_manifest(archive: zipfile.ZipFile) -> tuple[str, str] | None:
    if "META-INF/MANIFEST.MF" not in archive.namelist():
        return None
    text = archive.read("META-INF/MANIFEST.MF").decode("utf-8").replace("\r\n", "\n").replace("\n ", "")
    match = re.search(r"^Bundle-License: (.+)$", text, re.MULTILINE)
    if match is None:
        return None
    # `"Name";link="…"`, or several links.
    parts = re.sub(r'("[^"]*"|\S+);\w+=("[^"]*"|[^,]*)', r"\1", match[1]).split(",")
    return ", ".join(_spdx(part) for part in parts), "its manifest"


def _from_text(archive: zipfile.ZipFile) -> tuple[str, str] | None:
    for name in sorted(archive.namelist()):
        if _TEXT.fullmatch(name):
            return _spdx(archive.read(name).decode("utf-8", "replace")[:400]), f"its {name}"
    return None


def _spdx(text: str) -> str:
    for pattern, licence in _SPDX.items():
        if re.search(pattern, text, re.IGNORECASE):
            return licence
    raise AssertionError(f"an unknown licence: {text!r}; add it to _SPDX")


def paper(jars: Iterable[Jar]) -> str:
    """The list as a document."""
    rows = [
        f"| `{j.place}` | {j.group}:{j.artifact} | {j.version} | {', '.join(j.licences)} | {j.source} |"
        for j in jars
    ]
    head = [
        "# What the image holds, with licences",
        "",
        "Made by `tests/image/test_contents.py` from the assembled directory; a test fails when it is stale,",
        "and another one when a jar is in the directory that nothing can reach. Licences are SPDX",
        "identifiers. Where several are named, the jar offers a choice or holds code under each: its own",
        "text says which. The base image's own software (Java, under GPL-2.0-only WITH",
        "Classpath-exception-2.0, and the distribution's packages) is listed by its publisher.",
        "",
        "An image that is built with the JDBC plugin (`jdbc-plugin.env`; by default it is not) holds that,",
        "too: Confluent's connector under the Confluent Community License 1.0",
        "(LicenseRef-Confluent-Community-1.0), and what its archive brings, each with its licence in",
        "`plugins/confluent-jdbc/doc`.",
        "",
        "| where | group:artifact | version | licences | says |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*head, *rows]) + "\n"
