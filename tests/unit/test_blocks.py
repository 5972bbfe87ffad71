from collections.abc import Sequence

from rich.text import Text

from syncer.cli.blocks import blocks, least_widths, packed

COLUMNS = ("run", "started", "status", "acknowledged", "fbtrace_id")
ROW = ("01M8HPSA85K50YVF1EN7CK46DB", "2026-11-28 18:30:53Z", "done_with_rejects", "4,861", "-")


def cells(*rows: Sequence[str]) -> list[list[Text]]:
    return [[Text(value) for value in row] for row in rows]


def test_a_column_is_as_wide_as_its_longest_word() -> None:
    assert least_widths(COLUMNS, cells(ROW)) == [26, 10, 17, 12, 10]


def test_a_digest_may_be_folded() -> None:
    assert least_widths(("sent",), cells(["a" * 64])) == [40]


def test_a_row_that_is_too_wide_keeps_ids_times_and_words_in_one_piece() -> None:
    assert [line.plain for line in blocks(COLUMNS, cells(ROW), width=60)] == [
        "run 01M8HPSA85K50YVF1EN7CK46DB",
        "  started 2026-11-28 18:30:53Z  status done_with_rejects",
        "  acknowledged 4,861",
    ]


def test_a_cell_wider_than_the_terminal_stands_alone() -> None:
    lines = blocks(("key", "reason", "at"), cells(["-", "r" * 30, "now"]), width=20)
    assert [line.plain for line in lines] == ["key -", f"  reason {'r' * 30}", "  at now"]


def test_a_line_of_items_is_broken_between_two_of_them() -> None:
    lines = packed(map(Text, ["em 94%", "client_user_agent 100%", "fbp 3%"]), 30, first=Text("Match keys"))
    assert [line.plain for line in lines] == ["Match keys  em 94%", "  client_user_agent 100%", "  fbp 3%"]
