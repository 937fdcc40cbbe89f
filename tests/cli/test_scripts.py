"""Scripts for other people are printed, for one stage's own names."""

from click.testing import CliRunner

from connector.cli import main


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


def test_a_refused_stage_gets_no_script():
    for command in ("oracle-script", "broker-script"):
        result = CliRunner().invoke(main, [command, "Main"])
        assert result.exit_code == 2
        assert "differs from the named stage" in result.output
