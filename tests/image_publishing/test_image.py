"""Build, publish, status, pin: what is there already is not touched, what is missing is said in one line."""

import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from botocore.exceptions import NoCredentialsError
from click.testing import CliRunner

from connector.cli import main
from connector.domain.errors import OperatorError, ServerError
from connector.image_publishing import bases, content, tools
from connector.image_publishing import image as images
from connector.image_publishing.image import Image
from tests.image_publishing.fake_tools import DIGEST, Shell
from tests.support.fake_aws import FakeAws

TODAY = date(2026, 9, 30)
REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/wms-connector"


@dataclass
class Registry(FakeAws):
    """An account whose ECR holds what was pushed to it."""

    shell: Shell = field(default_factory=Shell)

    def call(self, service: str, command: str, kwargs: object = None) -> object:
        for pushed in self.shell.ran("buildah push"):
            self.images[pushed.rpartition(":")[2]] = DIGEST
        return super().call(service, command, kwargs)  # type: ignore[arg-type]


@pytest.fixture
def shell() -> Shell:
    """A machine with a working buildah and no image."""
    return Shell(failing={"buildah inspect": "no such image"})


@pytest.fixture
def account(shell: Shell) -> Registry:
    return Registry(stacks=FakeAws.ready().stacks, shell=shell)


@pytest.fixture
def pinned(tmp_path: Path) -> Path:
    file = tmp_path / "bases.env"
    text = content.BASES.read_text(encoding="utf-8")
    file.write_text(bases.pinned(text, dict.fromkeys(bases.NAMES, DIGEST), "a test"), encoding="utf-8")
    return file


def silent(_: str) -> None:
    pass


def test_publishing_builds_pushes_and_answers_the_digest(account: Registry, shell: Shell, pinned: Path):
    image = Image.of(bases_file=pinned)
    reference = images.publish(image, account, lambda: tools.buildah(shell), silent)
    assert reference == f"{REPOSITORY}@{DIGEST}"
    assert len(shell.ran("buildah build")) == 1
    assert shell.ran("buildah push")[0].endswith(f"{image.local} docker://{REPOSITORY}:{image.tag}")
    assert shell.given == ["pushing-passw0rd"]


def test_publishing_again_needs_no_tool_and_pushes_nothing(account: Registry, shell: Shell):
    image = Image.of()
    account.images[image.tag] = DIGEST

    def none() -> tools.Tool:
        raise AssertionError("no tool is needed")

    assert images.publish(image, account, none, silent) == f"{REPOSITORY}@{DIGEST}"


def test_an_image_that_is_built_is_not_built_again(account: Registry, pinned: Path):
    built = Shell()
    account.shell = built
    images.publish(Image.of(bases_file=pinned), account, lambda: tools.buildah(built), silent)
    assert built.ran("buildah build") == []
    assert len(built.ran("buildah push")) == 1


def test_a_base_without_digest_is_not_built_on(shell: Shell, tmp_path: Path):
    loose = tmp_path / "bases.env"
    loose.write_text("JRE_IMAGE=x.example/jre:17\nMAVEN_IMAGE=x.example/maven:3\n", encoding="utf-8")
    with pytest.raises(
        OperatorError, match="no digest for JRE_IMAGE and MAVEN_IMAGE; run `wms-connector image pin`"
    ):
        Image.of(bases_file=loose).build(tools.buildah(shell), silent)
    assert shell.ran("buildah build") == []


def test_without_the_foundation_there_is_nowhere_to_publish(account: Registry, shell: Shell):
    account.stacks.clear()
    with pytest.raises(OperatorError, match="run `sceptre launch foundation`"):
        images.publish(Image.of(), account, lambda: tools.buildah(shell), silent)


def test_a_push_that_leaves_no_image_is_no_success(shell: Shell, pinned: Path):
    forgetful = FakeAws.ready()
    with pytest.raises(ServerError, match="was pushed, but .* does not list it"):
        images.publish(Image.of(bases_file=pinned), forgetful, lambda: tools.buildah(shell), silent)


def test_pinning_writes_what_the_tags_mean_now(pinned: Path):
    before = Image.of(bases_file=pinned)
    digest = f"sha256:{'d' * 64}"
    shell = Shell(answers={"buildah inspect": digest})
    assert images.pin(before, tools.buildah(shell), TODAY) == dict.fromkeys(bases.NAMES, digest)
    after = Image.of(bases_file=pinned)
    assert {base.digest for base in after.bases} == {digest}
    lines = pinned.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("# JRE_IMAGE:")] == [
        "# JRE_IMAGE: the registry, by buildah, 2026-09-30"
    ]
    assert after.tag != before.tag


def test_an_answer_that_is_no_digest_pins_nothing(pinned: Path):
    text = pinned.read_text(encoding="utf-8")
    with pytest.raises(ServerError, match="returned no digest"):
        images.pin(
            Image.of(bases_file=pinned), tools.buildah(Shell(answers={"buildah inspect": "<none>"})), TODAY
        )
    assert pinned.read_text(encoding="utf-8") == text


def test_status_reports_what_is_built_and_published(account: Registry, shell: Shell, pinned: Path):
    image = Image.of(bases_file=pinned)
    before = images.status(image, lambda: account, lambda: tools.buildah(shell))
    assert (before.built, before.published, before.image) == (False, False, None)
    account.images[image.tag] = DIGEST
    after = images.status(image, lambda: account, lambda: tools.buildah(Shell()))
    assert (after.built, after.published, after.image) == (True, True, f"{REPOSITORY}@{DIGEST}")
    assert after.problems == ()
    assert json.loads(json.dumps(after.to_json()))["digest"] == DIGEST


def test_status_answers_where_nobody_can_be_asked(pinned: Path):
    class Nowhere(FakeAws):
        def call(self, *_: object) -> object:
            raise NoCredentialsError

    def none() -> tools.Tool:
        raise OperatorError("no container tool works on this machine")

    found = images.status(Image.of(bases_file=pinned), Nowhere, none)
    assert (found.built, found.published, found.digest) == (None, None, None)
    assert [problem.partition(":")[0] for problem in found.problems] == [
        "no container tool works on this machine",
        "AWS cannot be reached",
    ]


@pytest.mark.parametrize("command", ["status", "pin", "build", "publish"])
def test_bases_that_are_not_utf_8_are_one_line(command: str, tmp_path: Path):
    file = tmp_path / "bases.env"
    file.write_bytes(b"JRE_IMAGE=\xff\n")
    result = CliRunner().invoke(main, ["image", command, "--bases", str(file)])
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert f"{file} is not UTF-8 text" in line


@pytest.mark.parametrize("region", ["", "us-east-1"])
def test_status_answers_with_a_profile_that_does_not_exist(
    region: str, monkeypatch: pytest.MonkeyPatch, pinned: Path
):
    """As without credentials; which setting names the region makes no difference."""
    monkeypatch.setenv("AWS_PROFILE", "nope")
    monkeypatch.setenv("AWS_REGION", region)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setattr(tools, "ALL", {"buildah": lambda: tools.buildah(Shell())})
    result = CliRunner().invoke(main, ["image", "status", "--bases", str(pinned), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["published"] is None
    (problem,) = found["problems"]
    assert "The config profile (nope) could not be found" in problem


def test_the_command_prints_one_document_with_json(monkeypatch: pytest.MonkeyPatch, pinned: Path):
    account = FakeAws.ready()
    tag = Image.of(bases_file=pinned).tag
    account.images[tag] = DIGEST
    monkeypatch.setattr("connector.aws.account.Account", lambda: account)
    monkeypatch.setattr(tools, "ALL", {"buildah": lambda: tools.buildah(Shell())})
    run = CliRunner()
    for command in ("status", "publish"):
        result = run.invoke(main, ["image", command, "--bases", str(pinned), "--json"])
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["image"] == f"{REPOSITORY}@{DIGEST}"
        assert json.loads(result.stdout)["tag"] == tag
