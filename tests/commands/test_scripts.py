"""Scripts for other people are printed, for one stage's own names."""

import pytest
from click.testing import CliRunner

from connector.cli import main
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
        (["--port", "9098"], "--port 9098 is MSK's port for iam, not for tls"),
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
