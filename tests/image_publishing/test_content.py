"""The tag is made from what goes into the image, from that alone and from all of it."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from connector.domain.errors import OperatorError
from connector.image_publishing import bases, content

DIGEST = f"sha256:{'a' * 64}"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A copy of the image's sources."""
    return Path(
        shutil.copytree(content.IMAGE, tmp_path / "image", ignore=shutil.ignore_patterns("target", "broker"))
    )


def append(name: str) -> Callable[[Path], object]:
    def change(image: Path) -> None:
        (image / name).write_text((image / name).read_text(encoding="utf-8") + "\n# x\n", encoding="utf-8")

    return change


def change_checksum(image: Path) -> None:
    file = image / "modules" / "oracle" / "checksums.sha256"
    file.write_text(file.read_text(encoding="utf-8").replace("a", "b", 1), encoding="utf-8")


def pin(image: Path) -> None:
    file = image / "bases.env"
    text = bases.pinned(file.read_text(encoding="utf-8"), dict.fromkeys(bases.NAMES, DIGEST), "a test")
    file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        append("Dockerfile"),
        append("conf/worker.properties"),
        append("bin/entrypoint.sh"),
        change_checksum,
        pin,
        lambda image: (image / "bin" / "entrypoint.sh").chmod(0o644),
        lambda image: (image / "conf" / "new.xml").write_text("<x/>"),
    ],
    ids=["Dockerfile", "conf", "bin", "checksum", "bases", "mode", "new file"],
)
def test_whatever_goes_into_the_image_changes_its_tag(image: Path, change: Callable[[Path], object]):
    before = content.tag(image)
    change(image)
    assert content.tag(image) != before


def test_papers_and_the_broker_do_not_change_the_tag(image: Path):
    """`image` here has no broker, and bears the tag of the whole sources."""
    append("README.md")(image)
    append("bases.env")(image)
    assert content.tag(image) == content.tag()


def test_the_tag_is_one_that_a_registry_takes():
    assert len(content.tag()) == 16
    assert set(content.tag()) <= set("0123456789abcdef")


def test_everything_that_the_dockerfile_copies_is_in_the_content():
    found = content.files()
    assert {name.partition("/")[0] for name in found} == {"agent", "bin", "conf", "libs", "plugins"}
    assert "bin/entrypoint.sh" in found
    assert "plugins/debezium-connector-oracle/LICENSE.txt" in found
    assert not any("kafka_2.13" in name for name in found)


def test_the_committed_bases_are_official_and_pinned_and_say_from_where():
    found = bases.read(content.BASES)
    assert {base.repository for base in found} == {
        "docker.io/library/eclipse-temurin",
        "docker.io/library/maven",
    }
    bases.require_pinned(found, "bases.env")
    lines = content.BASES.read_text(encoding="utf-8").splitlines()
    for base in found:
        (place,) = (i for i, line in enumerate(lines) if line.startswith(f"{base.name}="))
        assert re.match(rf"# {base.name}: (the registry|Docker's record), ", lines[place - 1])


def test_pinning_replaces_digests_with_their_source_and_keeps_tags_and_comments():
    text = (
        f"# why\n# JRE_IMAGE: the moon\nJRE_IMAGE=x.example/jre:17@{DIGEST}\nMAVEN_IMAGE=x.example/maven:3\n"
    )
    other = f"sha256:{'b' * 64}"
    written = bases.pinned(text, {"JRE_IMAGE": other, "MAVEN_IMAGE": DIGEST}, "the registry")
    assert written == (
        f"# why\n# JRE_IMAGE: the registry\nJRE_IMAGE=x.example/jre:17@{other}\n"
        f"# MAVEN_IMAGE: the registry\nMAVEN_IMAGE=x.example/maven:3@{DIGEST}\n"
    )
    # What the registry answers again changes nothing, so that no pull request is opened for it.
    assert (
        bases.pinned(written, {"JRE_IMAGE": other, "MAVEN_IMAGE": DIGEST}, "the registry, later") == written
    )
    jre, maven = bases.parse(written, "bases.env")
    assert jre.by_digest == f"x.example/jre@{other}"
    assert maven.by_tag == "x.example/maven:3"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "JRE_IMAGE=x.example/jre:17\n",
        "JRE_IMAGE=x.example/jre:17\nMAVEN_IMAGE=x.example/maven:3\nOTHER=x.example/y:1\n",
        "JRE_IMAGE=x.example/jre:17\nJRE_IMAGE=x.example/jre:17\nMAVEN_IMAGE=x.example/maven:3\n",
        "JRE_IMAGE=x.example/jre\nMAVEN_IMAGE=x.example/maven:3\n",
        "JRE_IMAGE=x.example/jre:17@sha256:12\nMAVEN_IMAGE=x.example/maven:3\n",
        "JRE_IMAGE=--privileged\nMAVEN_IMAGE=x.example/maven:3\n",
    ],
)
def test_a_file_of_bases_that_is_not_two_images_is_refused(text: str):
    with pytest.raises(OperatorError, match=r"bases\.env"):
        bases.parse(text, "bases.env")
