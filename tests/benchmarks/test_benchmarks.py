"""Every benchmark runs, and says what it measured. What it measured is not looked at here."""

from __future__ import annotations

import json
from statistics import median
from typing import TYPE_CHECKING

import pytest

from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.figures import Figure, Series
from benchmarks.report import FORMAT, table

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [benchmark.name for benchmark in BENCHMARKS]
FIGURES = {benchmark.name: {one.name for one in benchmark.figures} for benchmark in BENCHMARKS}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_runs_on_both_sides_and_writes_what_it_measured(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"

    how = ["--repeat", "1", "--warm-up", "0", "--megabytes", "1"]
    assert main([name, *how, "--json", str(file)]) == 0

    written = json.loads(file.read_text())
    assert written["format"] == FORMAT
    assert written["machine"]["processors"] >= 1
    assert written["machine"]["packages"]["jupyter_server"]
    assert {one["figure"] for one in written["figures"]} == FIGURES[name]
    for one in written["figures"]:
        assert one["benchmark"] == name
        assert len(one["with"]) == 1
        assert one["median_with"] == one["with"][0] > 0
        if one["without"]:
            assert one["ratio"] == one["median_with"] / one["median_without"]
        if one["at_most"] is not None:
            assert one["met"] is (one["ratio"] <= one["at_most"])
        if one["added"] is not None:
            added = one["median_with"] - one["median_without"]
            assert one["met"] is (added <= one["added"])
    shown = capsys.readouterr().out
    assert all(figure in shown for figure in FIGURES[name])


def test_the_list_names_every_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0

    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == NAMES


def test_an_unknown_name_is_told_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["strat"])

    assert ended.value.code == 2
    assert "there are start" in capsys.readouterr().err


def test_a_ratio_compares_medians_and_its_interval_resamples_pairs() -> None:
    series = Series("b", Figure("time", at_most=1.5), (1.0, 2.0, 9.0), (2.0, 3.0, 4.0))

    assert series.ratio == median((2.0, 3.0, 4.0)) / 2.0
    assert series.met is True
    interval = series.interval()
    assert interval is not None
    assert 4 / 9 <= interval.low <= series.ratio <= interval.high <= 2.0
    assert series.interval() == interval, "the same values give the same interval"


def test_a_missed_goal_is_said_and_fewer_than_three_pairs_have_no_interval() -> None:
    series = Series("b", Figure("time", at_most=1.0), (1.0, 1.0), (2.0, 2.0))

    assert series.interval() is None
    assert table([series]).splitlines()[1].split()[-1] == "missed"


def test_a_goal_may_be_a_difference_or_a_least_ratio() -> None:
    added = Series("b", Figure("wait", unit="ms", added=50), (10.0,), (59.0,))
    least = Series("b", Figure("recall", unit="", at_least=1.0), (0.5,), (0.4,))

    assert (added.difference, added.met) == (49.0, True)
    assert least.met is False
    shown = table([added, least])
    assert "≤ +50 ms" in shown
    assert "≥ 1" in shown


def test_a_figure_of_one_side_alone_has_no_ratio() -> None:
    series = Series("b", Figure("until a cell has the credential"), (), (0.5,))

    assert series.ratio is None
    assert series.met is None
    assert "0.500 s" in table([series])
