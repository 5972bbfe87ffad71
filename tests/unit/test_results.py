"""The table of results adds up what the parts of one fault noted."""

import json

from tests.results import table


def line(test: str, fault: str, *, date: str = "2026-11-28", commit: str = "1234567", **figures: float) -> str:
    return json.dumps({"fault": fault, "test": test, "date": date, "commit": commit, **figures})


def test_figures_of_one_fault_are_added_up_and_what_has_no_column_stands_behind() -> None:
    noted = [
        line("kills[0]", "F06", tried=1, deaths=500, duplicates=3, announced=900),
        line("kills[1]", "F06", tried=1, deaths=500, duplicates=0, announced=850, date="2026-11-30", commit="89abcde"),
        line("leaks", "F26", tried=1000, growth_mib=1.5),
    ]
    assert table(noted).splitlines()[2:] == [
        (
            "| F06 | kills of a process, state in SQLite, 100,000 rows | 2 | 1,000 |  | 3 | 1,750 | 0 |  "
            "| 2026-11-28 to 2026-11-30, commit 1234567, 89abcde |"
        ),
        "| F26 | runs in one process | 1,000 |  |  |  |  | 0 | growth mib 1.5 | 2026-11-28, commit 1234567 |",
    ]


def test_what_is_not_yet_whole_says_of_how_many() -> None:
    assert "| 500 of 50,000 |" in table([line("worlds[0]", "F01", tried=500)])


def test_of_a_test_that_was_tried_again_the_last_word_counts() -> None:
    again = [line("leaks", "F26", tried=1000, files=2), line("leaks", "F26", tried=1000, files=0)]
    assert "| 1,000 |  |  |  |  | 0 | files 0 |" in table(again)
