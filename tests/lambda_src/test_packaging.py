"""The zip: the same content wherever and whenever it is built, and nothing missing in it."""

import io
import os
import py_compile
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from lambda_src import packaging

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
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {
        "connector",
        "lambda_src",
        *("kafka", "kafka_python"),
        *("requests", "certifi", "charset_normalizer", "idna"),
    }
    assert not [n for n in names if n.endswith((".pyc", ".pyi", "RECORD", "INSTALLER", "direct_url.json"))]
    assert not [n for n in names if n.startswith("connector/") and n.count("/") == 1 and "__init__" not in n]


def test_its_size_is_far_below_lambdas_limit(package: packaging.Package) -> None:
    assert len(package.content) < 6_000_000


@pytest.mark.slow
def test_every_module_in_it_imports_with_nothing_but_the_runtimes_packages(
    package: packaging.Package, tmp_path: Path
) -> None:
    """Only the unpacked zip and boto3 with its dependencies are on the path, as in Lambda."""
    code = tmp_path / "code"
    runtime = tmp_path / "runtime"
    with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
        archive.extractall(code)
    runtime.mkdir()
    site = Path(str(metadata.distribution("boto3").locate_file("")))
    for name in ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py"):
        if (site / name).exists():
            (runtime / name).symlink_to(site / name)
    ours = [n for n in members(package) if n.startswith(("connector/", "lambda_src/"))]
    modules = sorted({n.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for n in ours})
    script = (
        f"import sys, importlib; sys.path[:0] = [{str(code)!r}, {str(runtime)!r}]\n"
        f"for name in {modules!r}:\n"
        f"    file = importlib.import_module(name).__file__\n"
        f"    assert file.startswith({str(code)!r}), file\n"
        "for name in ('kafka', 'requests', 'certifi', 'charset_normalizer', 'idna'):\n"
        "    assert sys.modules[name].__file__.startswith(sys.path[0]), name"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False
    )
    # `requests` warns where a package that it wants is missing.
    assert (done.returncode, done.stderr) == (0, "")
    assert packaging.CONNECT_ADMIN_HANDLER.rpartition(".")[0] in modules
