"""Scripts for other people are printed, for one stage's own names."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connector.cli import main
from connector.domain.capture.acls import acls
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.stage.stage import Stage


def test_the_dba_gets_a_script_for_exactly_the_captured_tables():
    result = CliRunner().invoke(main, ["oracle-script", "main"])
    assert result.exit_code == 0
    for table in ("MMDL.PLAN_BASE_WVR_TBL", "WMS.PLAN_WVR_RVSN_TBL"):
        assert f"ALTER TABLE {table} ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS" in result.output


def test_the_clusters_owners_get_the_stages_own_names():
    result = CliRunner().invoke(main, ["broker-script", "feature-x", "--kafka-auth", "iam"])
    assert result.exit_code == 0
    assert "feature-x.wms.schema-changes" in result.output
    assert "9098" in result.output


def test_the_cluster_s_owners_get_what_the_stage_s_settings_ask_for():
    settings = ["--heartbeat-table", "WMSCDC.HEARTBEAT", "--max-record-mib", "4", "--port", "19094"]
    result = CliRunner().invoke(main, ["broker-script", "main", *settings])
    assert result.exit_code == 0
    assert "allow tcp 19094 to the brokers" in result.output
    assert "9094 to" not in result.output.replace("19094", "")
    wanted = Stage("main").topics.specs("debezium", heartbeat_table=True, max_record_mib=4)
    listed = {line.split("  ")[0]: line for line in result.output.splitlines() if "  partitions=" in line}
    for spec in wanted:
        for key, value in spec.configs.items():
            assert f"{key}={value}" in listed[spec.name].split()
    plain = CliRunner().invoke(main, ["broker-script", "main"]).output
    assert [spec.name for spec in wanted if f"{spec.name}  " not in plain] == [
        Stage("main").topics.one("heartbeat_table")
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--port", "9098", "--kafka-auth", "tls"], "--port 9098 is MSK's port for iam, not for tls"),
        (["--port", "0"], "0 is not in the range"),
        (["--max-record-mib", "9"], "connector.max_record_mib 9 is not a whole number from 1 to 8"),
        (["--heartbeat-table", "heartbeat"], "is not SCHEMA.TABLE"),
    ],
)
def test_a_setting_that_no_stage_can_have_is_refused(options: list[str], words: str):
    result = CliRunner().invoke(main, ["broker-script", "main", *options])
    assert result.exit_code == 2
    assert words in result.output


def test_help_says_that_the_options_are_the_stage_s_settings():
    text = " ".join(CliRunner().invoke(main, ["broker-script", "--help"]).output.split())
    for words in ("connector.heartbeat_table", "connector.max_record_mib", "the stage's config.yaml"):
        assert words in text


def test_a_refused_stage_gets_no_script():
    for command in ("oracle-script", "broker-script"):
        result = CliRunner().invoke(main, [command, "Main"])
        assert result.exit_code == 2
        assert "differs from the named stage" in result.output


def as_json(*words: str) -> Any:
    result = CliRunner().invoke(main, [*words, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: Mapping[str, str]) -> None:
    """A checkout whose config/ has these files."""
    for name, text in {"config.yaml": "", **files}.items():
        path = tmp_path / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(tmp_path)


def test_a_program_gets_the_dbas_script_or_checklist():
    found = as_json("oracle-script", "val", "--no-container")
    assert found["script"] == CliRunner().invoke(main, ["oracle-script", "val", "--no-container"]).stdout
    assert (found["stage"], found["container"], len(found["tables"])) == ("val", False, 4)
    points = as_json("oracle-script", "val", "--checklist")["checklist"]
    text = CliRunner().invoke(main, ["oracle-script", "val", "--checklist"]).stdout
    assert [point["what"] for point in points if f"- [ ] {point['what']}.\n" not in text] == []
    assert len(points) == text.count("- [ ] ")


def test_a_program_gets_what_the_clusters_owners_must_grant():
    found = as_json("broker-script", "feature-x", "--port", "9096")
    text = CliRunner().invoke(main, ["broker-script", "feature-x", "--port", "9096"]).stdout
    assert (found["kafka_auth"], found["ports"]) == ("scram", [9096])
    assert [topic["name"] for topic in found["topics"] if f"{topic['name']}  partitions=" not in text] == []
    assert len(found["topics"]) == text.count("  partitions=")
    wanted = acls(Stage("feature-x"), ConnectorSettings())
    assert [each["name"] for each in found["acls"]] == [each.name for each in wanted]
    assert as_json("broker-script", "feature-x", "--kafka-auth", "iam")["acls"] == []


def test_scripts_and_config_have_the_settings_of_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As Sceptre inherits them: the stage's own, a branch's from config/default, then those of all."""
    checkout(
        tmp_path,
        monkeypatch,
        {
            "config.yaml": 'region: {{ environment.get("X") }}\nkafka_auth: iam\nconnector: {kind: jdbc}\n',
            "default/config.yaml": "kafka_auth: scram\n",
            "main/config.yaml": "connector: {heartbeat_table: W.BEAT}\n",
            "ephemeral/x/config.yaml": "kafka_auth: plaintext\n",
        },
    )
    assert as_json("oracle-script", "main")["heartbeat_table"] == "W.BEAT"
    assert as_json("oracle-script", "val")["kind"] == "jdbc"
    assert [as_json("broker-script", stage)["kafka_auth"] for stage in ("main", "y", "x")] == [
        "iam",
        "scram",
        "plaintext",
    ]
    assert as_json("broker-script", "x", "--kafka-auth", "tls")["kafka_auth"] == "tls"
    main_config = as_json("connector", "config", "main")
    assert main_config["schema.history.internal.consumer.sasl.mechanism"] == "AWS_MSK_IAM"
    assert as_json("connector", "config", "val")["connector.class"].endswith("JdbcSourceConnector")


def test_a_setting_that_only_sceptre_can_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    checkout(tmp_path, monkeypatch, {"main/config.yaml": "kafka_auth: {{ var.auth }}\n"})
    result = CliRunner().invoke(main, ["broker-script", "main"])
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "config/main/config.yaml: Jinja makes kafka_auth" in result.stderr
    assert "give its settings as options" in result.stderr
