"""What ships is listed in full, each part with a checksum and a licence.

Whether the documents are valid, `make sbom` asks CycloneDX's own schema: it is part of `make check`.
"""

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.image_publishing import bases, content
from lambda_src.packaging import VENDORED, build_package
from tests.conftest import Golden
from tools.gates import cyclonedx as gate
from tools.gates.judge import GateError
from tools.sbom import __main__ as program
from tools.sbom.component import Product
from tools.sbom.cyclonedx import document
from tools.sbom.functions import LICENCES, functions, licence, paper
from tools.sbom.image import image

PRODUCTS = pytest.mark.parametrize("made", [image, functions], ids=lambda made: made.__name__)


@PRODUCTS
def test_each_component_has_a_version_a_checksum_and_a_licence(made: Callable[[], Product]):
    components = made().components
    assert components
    for each in components:
        assert each.version, each.name
        assert len(bytes.fromhex(each.sha256)) == 32, each.name
        assert each.licences, each.name
        assert all(text.strip() == text and text for text in each.licences), each.name


def test_the_image_s_jars_are_those_that_the_build_enforces():
    jars = {each.sha256 for each in image().components if each.purl.startswith("pkg:maven/")}
    assert jars == {digest for name, digest in content.files().items() if name.endswith(".jar")}


def test_the_image_s_bases_are_those_of_the_dockerfile_and_only_the_worker_s_ships():
    found = {each.place: each for each in image().components if each.kind == "container"}
    pinned = {base.name: base.digest.removeprefix("sha256:") for base in bases.read(content.BASES)}
    assert {place: each.sha256 for place, each in found.items()} == pinned
    assert {place for place, each in found.items() if each.shipped} == {"JRE_IMAGE"}


def test_a_jar_without_a_row_of_licences_is_refused(tmp_path: Path):
    copy = tmp_path / "image"
    shutil.copytree(content.IMAGE, copy, ignore=shutil.ignore_patterns("target"))
    listed = copy / "LICENCES.md"
    text = listed.read_text(encoding="utf-8")
    listed.write_text("\n".join(line for line in text.splitlines() if ":kafka-clients " not in line))
    with pytest.raises(ValueError, match=r"do not list the same jars: libs/kafka-clients-[\d.]+\.jar;"):
        image(copy)


def test_every_package_of_the_zip_is_listed_with_its_licence(golden: Golden):
    """After a change of a package: pytest --rewrite-golden tests/tools/test_sbom.py, and review."""
    made = functions()
    golden(LICENCES, paper(made))
    with zipfile.ZipFile(io.BytesIO(build_package().content)) as archive:
        packages = {name.partition("-")[0] for name in archive.namelist() if ".dist-info/licenses/" in name}
    assert packages == {each.name.replace("-", "_") for each in made.components}
    assert {each.name for each in made.components} == set(VENDORED)


def test_a_version_that_is_not_the_locked_one_is_refused(tmp_path: Path):
    lock = tmp_path / "uv.lock"
    lock.write_text('[[package]]\nname = "kafka-python"\nversion = "0.1"\n', encoding="utf-8")
    with pytest.raises(ValueError, match="uv.lock has another one; run `make setup`"):
        functions(lock)


def test_a_package_without_a_licence_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tools.sbom.functions.metadata.metadata", lambda _: {"License": "see the file\n..."})
    with pytest.raises(ValueError, match="odd states no licence as an SPDX identifier"):
        licence("odd")


@PRODUCTS
def test_the_document_names_everything_once_and_is_the_same_each_time(made: Callable[[], Product]):
    text = document(made())
    assert text == document(made())
    body: dict[str, Any] = json.loads(text)
    references = [each["bom-ref"] for each in body["components"]]
    assert len(set(references)) == len(references)
    assert set(body["dependencies"][0]["dependsOn"]) <= set(references)


def test_only_identifiers_of_spdx_s_list_are_given_as_such():
    """An expression or a name of our own is given as a name: the schema refuses it as an identifier."""
    found = [
        entry["license"] for each in json.loads(document(image()))["components"] for entry in each["licenses"]
    ]
    named = {entry["name"] for entry in found if "name" in entry}
    assert named == {
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "LicenseRef-Oracle-Free-Distribution-Hosting-and-Use-Terms",
    }


def test_the_program_writes_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert program.main([str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"image.cdx.json", "functions.cdx.json"}
    assert f"{len(image().components)} components" in capsys.readouterr().out
    assert program.main([]) == 2


def test_lists_that_disagree_end_the_program_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    def refused() -> Product:
        raise ValueError("the lists differ")

    monkeypatch.setattr(program, "image", refused)
    assert program.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err == "error: the lists differ\n"


def _python(directory: Path, words: str) -> Path:
    """A program in the place of the Python that has the library."""
    file = directory / "python"
    file.write_text(f"#!/bin/sh\ncat >/dev/null\n{words}\n", encoding="utf-8")
    file.chmod(0o700)
    return file


def test_the_gate_says_what_the_schema_has_against_a_document(tmp_path: Path):
    answer = json.dumps({"a.cdx.json": None, "b.cdx.json": "'x' is not\n valid"})
    found = gate.run(_python(tmp_path, f"cat <<'END'\n{answer}\nEND"), {"a.cdx.json": "", "b.cdx.json": ""})
    assert found == ["b.cdx.json: 'x' is not valid"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("echo no such module >&2; exit 1", "the schema could not be asked: no such module"),
        ("echo '{}'", "asked about 1 documents and answered for 0"),
    ],
)
def test_the_gate_cannot_pass_without_an_answer(tmp_path: Path, words: str, message: str):
    with pytest.raises(GateError, match=message):
        gate.run(_python(tmp_path, words), {"a.cdx.json": "{}"})


def test_the_gate_cannot_pass_without_a_document(tmp_path: Path):
    with pytest.raises(GateError, match="holds no document; run `make sbom`"):
        gate.read_all(tmp_path)
