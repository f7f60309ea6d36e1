"""The options for the output select a sink."""

from taskrouter_stats.cli.options.output import OutputTarget


def test_excel_selects_csv_for_spreadsheets(tmp_path):
    """A file by its ending and a folder by ``--format`` hold CSV for Excel."""
    file = OutputTarget(str(tmp_path / "a.csv.gz"), table="worker_statistics", excel=True)
    folder = OutputTarget(str(tmp_path / "hours"), format="csv", excel=True)
    plain = OutputTarget(str(tmp_path / "hours"), format="csv")
    assert file.sink().format == "CSV for Excel of worker_statistics"
    assert (folder.sink().format, plain.sink().format) == ("CSV for Excel", "CSV")
