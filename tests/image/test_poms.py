"""The poms and the committed checksums: one place for a version, nothing twice, nothing from elsewhere."""

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

IMAGE = Path(__file__).parents[2] / "connector" / "image"
PARTS = sorted(path.parent for path in IMAGE.glob("modules/*/pom.xml"))
POMS = [IMAGE / "pom.xml", *(part / "pom.xml" for part in PARTS)]
_MAVEN = {"m": "http://maven.apache.org/POM/4.0.0"}


def _root(pom: Path) -> ET.Element:
    return ET.parse(pom).getroot()  # noqa: S314 - our own file


def _jars(part: Path) -> dict[str, set[str]]:
    """Artifact (with classifier) -> versions, from a part's checksums."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in (part / "checksums.sha256").read_text(encoding="utf-8").splitlines():
        digest, name = line.split()
        assert re.fullmatch(r"[0-9a-f]{64}", digest)
        if name.endswith(".txt"):
            continue  # a licence
        match = re.fullmatch(r"\./(.+?)-(\d[\w.]*(?:-(?:GA|\d+))?)(-[\w-]+)?\.jar", name)
        assert match, f"{name} is no artifact with a version"
        found[match[1] + (match[3] or "")].add(match[2])
    return found


def test_each_version_is_a_property_of_the_root_pom_and_written_nowhere_else():
    properties = {
        element.tag.partition("}")[2]: element.text or ""
        for element in _root(IMAGE / "pom.xml").find("m:properties", _MAVEN) or []
    }
    versions = {name: text for name, text in properties.items() if name.endswith(".version")}
    assert len(versions) >= 8
    text = "".join(pom.read_text(encoding="utf-8") for pom in POMS)
    for name, version in versions.items():
        assert text.count(f">{version}<") == 1, f"{name} {version} is written more than once"
        assert f"${{{name}}}" in text, f"{name} is not used"


@pytest.mark.parametrize("pom", POMS, ids=lambda pom: pom.parent.name)
def test_every_artifact_and_plugin_takes_its_version_from_a_property(pom: Path):
    own = {"1"}
    for element in _root(pom).iter("{http://maven.apache.org/POM/4.0.0}version"):
        assert element.text in own or re.fullmatch(r"\$\{[\w.]+\}", element.text or "")


def test_no_pom_names_a_repository_so_that_everything_comes_from_central():
    for pom in POMS:
        assert "repositor" not in {element.tag.partition("}")[2][:9] for element in _root(pom).iter()}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_part_holds_no_artifact_in_two_versions(part: Path):
    assert {name: versions for name, versions in _jars(part).items() if len(versions) > 1} == {}


def test_the_plugin_holds_nothing_that_the_worker_s_class_path_has():
    worker, oracle = (_jars(IMAGE / "modules" / name) for name in ("worker", "oracle"))
    assert worker.keys() & oracle.keys() == set()


def test_the_broker_is_of_the_worker_s_version_and_not_in_the_image():
    worker, broker = _jars(IMAGE / "modules" / "worker"), _jars(IMAGE / "modules" / "broker")
    assert worker["kafka-clients"] == broker["kafka-clients"] == broker["kafka_2.13"]
    assert "kafka_2.13" not in worker
    output = _root(IMAGE / "modules" / "broker" / "pom.xml").findtext(
        "m:properties/m:part.output", "", _MAVEN
    )
    assert not output.startswith("connect/")


def test_an_image_build_takes_no_base_that_is_not_pinned_by_digest():
    dockerfile = (IMAGE / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE) == ["${MAVEN_IMAGE}", "${JRE_IMAGE}"]
    assert re.findall(r"^ARG (\S+)$", dockerfile, re.MULTILINE).count("JRE_IMAGE") == 2
    assert dockerfile.count("*@sha256:*) ;;") == 2
    assert re.search(r"^USER 10001:10001$", dockerfile, re.MULTILINE)


def test_a_plugin_whose_part_is_gone_is_removed_from_what_an_earlier_build_left(tmp_path: Path):
    """Maven removes nothing, and a worker loads every plugin that it finds."""
    shutil.copytree(IMAGE / "modules", tmp_path / "modules")
    for place in ("target/connect/plugins", "target/.modules/connect/plugins"):
        for plugin in ("debezium-connector-oracle", "debezium-connector-other"):
            (tmp_path / place / plugin).mkdir(parents=True)
            (tmp_path / place / plugin / "x.jar").touch()
    command = ["sh", "modules/module.sh", "prepare", ".", "check"]
    subprocess.run(command, cwd=tmp_path, check=True)
    left = {str(path.relative_to(tmp_path / "target")) for path in tmp_path.rglob("target/**/x.jar")}
    assert left == {
        f"{place}/debezium-connector-oracle/x.jar"
        for place in ("connect/plugins", ".modules/connect/plugins")
    }
    shutil.rmtree(tmp_path / "target")
    subprocess.run(command, cwd=tmp_path, check=True)
    assert not (tmp_path / "target").exists(), "before the first build there is nothing to remove"
