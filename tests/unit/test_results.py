"""The table of results adds up what the parts of one fault noted."""

from tests.results import table


def test_figures_of_one_fault_are_added_up_and_what_has_no_column_stands_behind() -> None:
    noted = [
        '{"fault": "F06", "tried": 1, "deaths": 50, "duplicates": 3, "announced": 900}',
        '{"fault": "F06", "tried": 1, "deaths": 49, "duplicates": 0, "announced": 850}',
        '{"fault": "F26", "tried": 1000, "growth_mib": 1.5}',
    ]
    assert table(noted).splitlines()[2:] == [
        "| F06 | kills of a process, state in SQLite | 2 | 99 |  | 3 | 1,750 | 0 |  |",
        "| F26 | runs in one process | 1,000 |  |  |  |  | 0 | growth mib 1.5 |",
    ]
