"""The zip: the same content wherever and whenever it is built, and nothing missing in it."""

import io
import os
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from importlib import metadata
from modulefinder import ModuleFinder
from pathlib import Path

import pytest

from lambda_src import packaging
from tests.bench import package_size

ROOT = Path(packaging.__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def package() -> packaging.Package:
    return packaging.build_package()


def members(package: packaging.Package) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def test_the_key_is_made_from_the_content(package: packaging.Package) -> None:
    assert package.key == f"lambda/connect-{package.sha256[:16]}.zip"


def test_directory_times_modes_and_compiled_files_do_not_matter(
    package: packaging.Package, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A copy of the code elsewhere, with other times and modes and with compiled files in it."""
    for name in ("connector/__init__.py", "connector/domain", "lambda_src"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (tmp_path / name).parent.mkdir(exist_ok=True)
        copy(ROOT / name, tmp_path / name)
    file = tmp_path / "lambda_src" / "clients" / "aws.py"
    py_compile.compile(str(file), doraise=True)
    py_compile.compile(str(file), cfile=str(file.with_suffix(".pyc")), doraise=True)
    file.chmod(0o600)
    os.utime(file, (1, 1_000_000_000))
    monkeypatch.setattr(packaging, "_ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert packaging.build_package() == package


def test_another_process_builds_the_same(package: packaging.Package, tmp_path: Path) -> None:
    code = "from lambda_src.packaging import build_package; print(build_package().sha256)"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONHASHSEED": "7",
        "TZ": "Asia/Tokyo",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == package.sha256


def test_changed_code_changes_the_key(
    package: packaging.Package, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("connector", "lambda_src"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("# other\n")
    monkeypatch.setattr(packaging, "_ROOT", tmp_path)
    assert packaging.build_package().key != package.key


def test_it_holds_our_code_the_vendored_client_and_its_licence_and_nothing_else(
    package: packaging.Package,
) -> None:
    names = set(members(package))
    assert {"connector/__init__.py", "connector/domain/stage/stage.py", "kafka/admin/client.py"} <= names
    for distribution in packaging.VENDORED:
        folder = distribution.replace("-", "_")
        assert any(re.fullmatch(rf"{folder}-[\d.]+\.dist-info/licenses/LICENSE.*", name) for name in names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {
        "connector",
        "lambda_src",
        *("kafka", "kafka_python"),
        *("requests", "certifi", "idna"),
    }
    assert not [n for n in names if n.endswith((".pyc", ".pyi", "RECORD", "INSTALLER", "direct_url.json"))]
    assert not [n for n in names if n.startswith("connector/") and n.count("/") == 1 and "__init__" not in n]


def test_botocore_finds_its_certificates(package: packaging.Package) -> None:
    """Where botocore finds certifi it trusts certifi's certificates: without them no AWS call would work."""
    assert b"BEGIN CERTIFICATE" in members(package)["certifi/cacert.pem"]


def test_its_size_is_what_is_promised(package: packaging.Package) -> None:
    assert len(package.content) <= package_size.ZIP_BYTES


def test_the_key_does_not_depend_on_how_the_zip_is_compressed(
    package: packaging.Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Versions of zlib make other bytes of the same content."""
    monkeypatch.setattr(zipfile, "ZIP_DEFLATED", zipfile.ZIP_STORED)
    other = packaging.Package(package.key, package.sha256, package.members)
    assert other.content != package.content
    assert packaging.build_package().key == package.key


@pytest.fixture(scope="module")
def unpacked(package: packaging.Package, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The zip's content and the runtime's packages, in two directories."""
    code, runtime = tmp_path_factory.mktemp("code"), tmp_path_factory.mktemp("runtime")
    with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
        archive.extractall(code)
    site = Path(str(metadata.distribution("boto3").locate_file("")))
    for name in package_size.RUNTIME:
        if (site / name).exists():
            (runtime / name).symlink_to(site / name)
    return code, runtime


def test_it_holds_each_module_that_a_handler_can_import_and_no_other(
    package: packaging.Package, tmp_path: Path
) -> None:
    """Whatever stands in an import statement, also inside a function, followed from the handlers on."""
    everything = tmp_path / "everything"
    for name in ("connector", "lambda_src"):
        shutil.copytree(ROOT / name, everything / name, ignore=shutil.ignore_patterns("local", "image"))
    for distribution in packaging.VENDORED:
        for file in metadata.distribution(distribution).files or []:
            if file.suffix in (".py", ".json") and ".." not in file.parts:
                (everything / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(file.locate()), everything / file)
    # With the standard library, whose names vendored packages use for modules of their own.
    finder = ModuleFinder([str(everything), sysconfig.get_path("stdlib")], excludes=["boto3", "botocore"])
    for handler in packaging.HANDLERS:
        finder.import_hook(handler.rpartition(".")[0])
    # kafka-python imports this package by its name in a text, to read the files in it.
    finder.import_hook("kafka.protocol.schemas.resources")
    files = [getattr(module, "__file__", None) for module in finder.modules.values()]
    needed = {
        Path(file).relative_to(everything).as_posix()
        for file in files
        if file and Path(file).is_relative_to(everything)
    }
    held = {name for name in members(package) if name.endswith(".py")}
    assert held == needed


def test_every_module_in_it_imports_with_nothing_but_the_runtimes_packages(
    package: packaging.Package, unpacked: tuple[Path, Path]
) -> None:
    """Only the unpacked zip and boto3 with its dependencies are on the path, as in Lambda."""
    code, runtime = unpacked
    files = [name for name in members(package) if name.endswith(".py")]
    modules = sorted({n.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for n in files})
    # Ours first, as in a function.
    ours = [name for name in modules if name.startswith(("connector", "lambda_src"))]
    script = (
        f"import sys, importlib; sys.path[:0] = [{str(code)!r}, {str(runtime)!r}]\n"
        f"for name in {[*ours, *modules]!r}:\n"
        f"    file = importlib.import_module(name).__file__\n"
        f"    assert file.startswith({str(code)!r}), file\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    for handler in packaging.HANDLERS:
        assert handler.rpartition(".")[0] in modules


def test_a_handler_starts_without_what_only_some_requests_need(unpacked: tuple[Path, Path]) -> None:
    """A cold start imports the clients of Kafka, Connect and AWS when they are first used."""
    code, runtime = unpacked
    script = f"import sys; sys.path[:0] = [{str(code)!r}, {str(runtime)!r}]\n" + "".join(
        f"import {handler.rpartition('.')[0]}\n" for handler in packaging.HANDLERS
    )
    script += "print(*({'kafka', 'requests', 'boto3'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")
