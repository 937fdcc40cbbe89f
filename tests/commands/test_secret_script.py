"""The commands for secrets, and the DBA's checklist: what is printed works and hides secrets."""

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from connector.domain.secrets.commands import PATTERNS, commands, confidential
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import SECRET_NAMES, StoredSecret
from connector.domain.secrets.shapes import check_shape
from connector.domain.stage.stage import Stage
from tests.commands.conftest import Run, assert_one_line

#: What somebody puts in for the angle brackets.
FILLED = {
    "<vpc-id>": "vpc-0123456789abcdef0",
    "<subnet-id>": "subnet-0123456789abcdef0",
    "<path>": "delegated",
    "<account>": "123456789012",
    "<name>": "boundary",
    "<host>:<port>,<host>:<port>": "b-1.example:9096,b-2.example:9096",
    "<host>": "oracle.example",
    "<service name>": "WMS",
    "<user>": "reader",
    "<password>": "hunter2",
    "<name@host>": "a@example.com",
    "<ARN>": "arn:aws:acm:us-east-1:123456789012:certificate/1",
    "<PEM with \\n for line ends>": "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n",
}


def filled(text: str) -> str:
    for mark, value in sorted(FILLED.items(), key=lambda pair: -len(pair[0])):
        text = text.replace(mark, value)
    assert "<" not in text, text
    return text


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_pattern_that_is_filled_in_has_the_shape_that_a_launch_takes(name: str):
    check_shape(name, StoredSecret(f"wms/main/{name}", "", "", Redacted(filled(PATTERNS[name]))))


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_the_commands_put_exactly_that_text_where_the_stage_looks_for_it(name: str, tmp_path: Path):
    """Run by a shell, with an `aws` and an editor that write down what they get."""
    aws = tmp_path / "aws"
    aws.write_text(
        '#!/bin/sh\nfor w; do case $w in file://*) cat "${w#file://}" > told;; esac; done\n'
        'printf "%s\\n" "$*" > words\n'
    )
    editor = tmp_path / "editor"
    editor.write_text(
        f'#!/bin/sh\nstat -c %a "$1" > mode\nprintf \'%s\' {shlex.quote(filled(PATTERNS[name]))} > "$1"\n'
    )
    for program in (aws, editor):
        program.chmod(0o755)
    (found,) = commands(Stage("main"), "wms", (name,))
    (tmp_path / "files").mkdir()
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "EDITOR": str(editor),
        "TMPDIR": str(tmp_path / "files"),
    }
    for script, verb in (
        (found.create, "create-secret --name"),
        (found.update, "put-secret-value --secret-id"),
    ):
        subprocess.run(
            ["bash", "-ec", "\n".join(script)], cwd=tmp_path, env=environment, check=True, timeout=30
        )
        words = (tmp_path / "words").read_text()
        assert words.startswith(f"secretsmanager {verb} wms/main/{name} --secret-string ")
        if confidential(name):
            assert (tmp_path / "told").read_text() == filled(PATTERNS[name])
            assert (tmp_path / "mode").read_text() == "600\n"
            assert list((tmp_path / "files").iterdir()) == []
            assert "hunter2" not in words
        else:
            assert words.rstrip("\n").endswith(PATTERNS[name])


@pytest.mark.parametrize("name", [name for name in SECRET_NAMES if confidential(name)])
@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_a_command_that_aws_refuses_leaves_no_file_with_a_password(name: str, shell: str, tmp_path: Path):
    (tmp_path / "aws").write_text("#!/bin/sh\nexit 254\n")
    (tmp_path / "aws").chmod(0o755)
    (tmp_path / "files").mkdir()
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "EDITOR": "true",
        "TMPDIR": f"{tmp_path}/files",
    }
    (found,) = commands(Stage("main"), "wms", (name,))
    for script in (found.create, found.update):
        command = [shell, "-c", "\n".join(script)]
        assert subprocess.run(command, cwd=tmp_path, env=environment, check=False).returncode == 254
        assert sorted(path.name for path in tmp_path.rglob("*")) == ["aws", "files"]


def test_the_command_prints_all_of_them_or_one(run: Run, run_json: Any):
    every = run("secret-script", "main").stdout
    assert [
        line[2:].partition(":")[0]
        for line in every.splitlines()
        if line[:2] == "# " and line[2] != " " and "same" not in line
    ] == [*PATTERNS]
    assert set(PATTERNS) == set(SECRET_NAMES)
    one = run("secret-script", "feature-xyz", "--secret", "dbInfo", "--shared").stdout
    assert "wms/default/dbInfo" in one
    assert "brokerString" not in one
    (found,) = run_json("secret-script", "main", "--secret", "vpc", "--secret-prefix", "mmdl")
    assert found["path"] == "mmdl/main/vpc"


def test_what_is_no_secret_is_refused_with_those_that_are(run: Run):
    assert_one_line(
        run("secret-script", "main", "--secret", "dbinfo"), "is no secret of a stage; secrets: vpc"
    )


# -- the checklist -----------------------------------------------------------------------


def test_the_checklist_names_the_version_the_stage_and_its_secret(run: Run):
    text = run("oracle-script", "val", "--checklist").stdout
    assert text.startswith("### Checklist for `val`\n")
    assert "Oracle Database 19c or later: Debezium 3.6 is tested with 19c, 21c, 23ai, 26ai" in text
    assert "`wms/val/dbInfo`" in text
    assert "ARCHIVELOG" in text


def test_the_checklist_has_the_stages_own_settings(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "config" / "main").mkdir(parents=True)
    (tmp_path / "config" / "config.yaml").touch()
    settings = {"archived_log_hours": 72, "heartbeat_table": "DBA.BEAT"}
    (tmp_path / "config" / "main" / "config.yaml").write_text(f"connector: {json.dumps(settings)}\n")
    monkeypatch.chdir(tmp_path)
    text = run("oracle-script", "main", "--checklist").stdout
    assert "kept 72 hours" in text
    assert "`DBA.BEAT` has its one row" in text
    assert "CREATE TABLE DBA.BEAT" in run("oracle-script", "main").stdout
    assert "CREATE TABLE OTHER.BEAT" in run("oracle-script", "main", "--heartbeat-table", "OTHER.BEAT").stdout


def test_a_polling_connector_needs_no_log(run: Run):
    assert "ARCHIVELOG" not in run("oracle-script", "main", "--checklist", "--kind", "jdbc").stdout
