"""YAML text as plain values with places; hostile text."""

import time
from contextlib import suppress
from pathlib import Path

import pytest

from syncer.config.document import Node, parse_document
from syncer.config.problems import Problems, TooManyProblemsError

SHOWN = Path("a.yaml")


def parse(content: bytes | str) -> tuple[Node | None, list[str]]:
    problems = Problems()
    node = parse_document(content if isinstance(content, bytes) else content.encode(), shown=SHOWN, problems=problems)
    return node, [str(problem) for problem in problems.found()]


def plain(content: bytes | str) -> object:
    node, problems = parse(content)
    assert not problems
    assert node is not None
    return node.plain()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("+3", 3),
        ("0", 0),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("18446744073709551615", 18446744073709551615),
        ("yes", "yes"),
        ("no", "no"),
        ("NO", "NO"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("12:30:00", "12:30:00"),
        ("2026-11-01", "2026-11-01"),
        ("2026-11-01T10:00:00Z", "2026-11-01T10:00:00Z"),
        ("1_000", "1_000"),
        ("0b1", "0b1"),
        ("1.2.3", "1.2.3"),
        ("-3d", "-3d"),
        ("v26.0", "v26.0"),
        ("=", "="),
        ("'12'", "12"),
        ('"true"', "true"),
        ("'0x1F'", "0x1F"),
        ("'007'", "007"),
        ('"caf\\u00e9"', "café"),
    ],
)
def test_only_true_false_null_and_plain_numbers_are_more_than_text(text: str, value: object) -> None:
    assert plain(f"a: {text}") == {"a": value}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("True", "may mean a text or a boolean; write true"),
        ("FALSE", "may mean a text or a boolean; write false"),
        ("007", "leading zero"),
        ("-01", "leading zero"),
        ("0o17", "another base"),
        ("0x1F", "another base"),
        (".inf", "no finite number"),
        ("-.INF", "no finite number"),
        (".nan", "no finite number"),
        ("1e999", "no finite number"),
        ("18446744073709551616", "more than 64 bits"),
        ("9" * 5000, "more than 64 bits"),
        ("-9223372036854775809", "more than 64 bits"),
    ],
)
def test_what_people_would_read_differently_is_a_mistake_with_its_place(text: str, what: str) -> None:
    _, problems = parse(f"a:\n  b: {text}")
    assert len(problems) == 1
    assert problems[0].startswith("a.yaml:2:6: a.b: ")
    assert what in problems[0]


def test_keys_stay_as_they_are_written() -> None:
    assert plain("{1: a, true: b, 2026-11-01: c, 1.0: d, no: e}") == {
        "1": "a", "true": "b", "2026-11-01": "c", "1.0": "d", "no": "e"
    }  # fmt: skip


@pytest.mark.parametrize("key", ["null", "Null", "NULL", "~"])
def test_null_is_no_key_unless_it_is_quoted(key: str) -> None:
    _, problems = parse(f"a: {{{key}: b}}")
    (problem,) = problems
    assert problem.startswith("a.yaml:1:5: a.")
    assert problem.endswith(": null is no key; quote it where the text is meant")
    assert plain(f"a: {{'{key}': b}}") == {"a": {key: "b"}}


def test_a_reference_needs_no_quotes_inside_brackets() -> None:
    text = "{a: ${env:NAME}, b: [${env:X:-1, 2}, ${file:a b}], c: x${env:Y}z} # ${env:Z}"
    assert plain(text) == {"a": "${env:NAME}", "b": ["${env:X:-1, 2}", "${file:a b}"], "c": "x${env:Y}z"}


def test_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    assert plain(b"\xef\xbb\xbfa: 1\r\nb:\r\n  - x\r\n") == {"a": 1, "b": ["x"]}


def test_places_count_from_one_and_lie_on_the_value() -> None:
    node, _ = parse("a:\n  - x\n  - bé: [1,  2]\n")
    assert node is not None
    last = node.at(("a", 1, "bé", 1))
    assert (last.place.line, last.place.column, last.path) == (3, 14, ("a", 1, "bé", 1))


def test_every_duplicate_key_is_named_with_the_line_of_the_first() -> None:
    _, problems = parse('a: 1\nb: {c: 1, "c": 2}\na: 3\n')
    assert problems == [
        "a.yaml:2:11: b.c: this key is written twice; keep one of them; the first is on line 2",
        "a.yaml:3:1: a: this key is written twice; keep one of them; the first is on line 1",
    ]


def test_aliases_repeat_small_things() -> None:
    assert plain("a: &x {b: [1, 2]}\nc: *x\nd: *x\n") == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}, "d": {"b": [1, 2]}}


@pytest.mark.parametrize("depth", [10, 20, 40])
def test_aliases_cannot_nest_deeper_than_text(depth: int) -> None:
    lines = ["a0: &a0 " + "[" * depth + "]" * depth]
    lines += [f"a{i}: &a{i} " + "[" * depth + f"*a{i - 1}" + "]" * depth for i in range(1, 6)]
    _, problems = parse("\n".join(lines))
    assert "nested more than 50 levels deep" in problems[0]


NASTY: dict[str, str | bytes] = {
    "two documents": "a: 1\n---\nb: 2\n",
    "a tag": "a: !!python/object/apply:os.system ['true']",
    "a tag on the root": "!foo {a: 1}",
    "a tag on a key": "!!str a: 1",
    "an anchor on a key": "&x a: 1",
    "an alias as key": "a: &x 1\n*x : 2",
    "a merge key": "a: &x {b: 1}\nc: {<<: *x}",
    "an empty key": ": 1",
    "a list as key": "? [a]\n: 1",
    "a map as key": "? {a: 1}\n: 1",
    "an alias without anchor": "a: *nope",
    "an alias inside its anchor": "a: &x [*x]",
    "a tab": "a:\n\t- b",
    "an open quote": 'a: "b',
    "an open bracket": "a: [b",
    "a stray bracket": "a: ]",
    "a colon too many": "a: b: c",
    "a percent sign": "%a",
    "a directive for another version": "%YAML 9.9\n---\na: 1",
    "a reserved sign": "a: @b",
    "a backtick": "a: `b`",
    "half an escape": 'a: "\\x4"',
    "an escaped surrogate": 'a: "\\ud800"',
    "an escaped NUL": 'a: "\\0"',
    "an escaped escape": 'a: "\\e[31mred"',
    "a control character in a key": '"\\a": 1',
    "a delete character": "a: \x7f",
    "a bell": "a: \x07",
    "a NUL": b"a: \x00",
    "a lone continuation byte": b"a: \x80",
    "Latin-1": "a: é".encode("latin-1"),
    "UTF-16": "a: 1".encode("utf-16"),
    "a surrogate in UTF-8": b"a: \xed\xa0\x80",
    "a noncharacter": "a: \uffff",
    "bombs": "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c]",
    "many aliases": "a: &a x\nb: [" + "*a, " * 1001 + "]",
    "deep lists": "[" * 51 + "]" * 51,
    "very deep lists": "[" * 500_000,
    "very deep maps": "{a: " * 200_000,
    "very deep blocks": "- " * 500_000,
    "very deep keys": "? " * 500_000,
    "deep maps of keys": "[? a, " * 100_000,
    "many values": "[" + "1," * 300_000 + "]",
    "many keys": "\n".join(f"k{i}: 1" for i in range(60_000)),
    "many equal keys": "a: 1\n" * 9_000,
    "many anchors": "&a " * 300_000,
    "many tags": "!" * 1_000_000,
    "many quotes": "'" * 999_999,
    "many escapes": 'a: "' + "\\x41" * 200_000,
    "many commas": "{" + ", " * 400_000,
    "a mebibyte of text and more": "a: " + "x" * 1_048_576,
    "a long key": "k" * 100_000 + ": v",
    "a long number": "a: " + "9" * 1_000_000,
    "a long fraction": "a: 1." + "9" * 1_000_000 + "e999",
    "an open reference everywhere": "a: " + "${" * 300_000 + ": :",
}


@pytest.mark.parametrize("name", NASTY)
def test_nasty_text_ends_in_problems_with_place_and_remedy_within_a_second(name: str) -> None:
    content = NASTY[name]
    start = time.process_time()
    problems = Problems()
    with suppress(TooManyProblemsError):
        parse_document(content if isinstance(content, bytes) else content.encode(), shown=SHOWN, problems=problems)
    assert time.process_time() - start < 1.0
    assert problems.found()
    for problem in problems.found():
        assert str(problem).startswith("a.yaml:")
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.remedy
        assert str(problem).isprintable()
        assert len(str(problem)) < 500


@pytest.mark.parametrize("content", ["", "\n\n", "# only a comment\n", "---\n", "--- \n...\n", "null"])
def test_an_empty_file_is_nothing_rather_than_a_mistake(content: str) -> None:
    assert plain(content) is None


@pytest.mark.parametrize(
    ("text", "line", "column", "remedy"),
    [
        ("a: 1\nb: [1,\n  2\nc: 3\n", 4, 2, "close the bracket"),
        ("a: 1\nb: [\n", 3, 1, "close the bracket"),
        ("a: ,b\n", 1, 4, "or quote text that begins with a sign such as ] or ,"),
        ("a: b: c\n", 1, 5, "quote text that holds a colon"),
        ("a: @b\n", 1, 4, "quote text that begins with a sign"),
        ("a:\n\t b: 1\n", 2, 1, "spaces instead of tabs"),
        ("a: {cron: */15 * * * *}\n", 1, 12, "quote text that begins with * or &, such as a line of cron"),
        ('a: "b\nc: 1\n', 3, 1, "close the quote"),
        ("a: [1]]\n", 1, 7, "delete this ], which closes nothing"),
        ("a:\n  - [1]]\n  - 2\n", 2, 8, "delete this ], which closes nothing"),
        ("{a: 1}}\n", 1, 7, "delete this }, which closes nothing"),
        ("a: [\n  1\n]\n]\nb: 2\n", 4, 1, "delete this ], which closes nothing"),
        ("a:\n  b: 1\n  }\n", 3, 3, "delete this }, which closes nothing"),
        ("a: 1\u2028b: [1]]\n", 2, 7, "mend"),
        ('a: "b" c\n', 1, 8, "quote the whole text"),
        ("a:\n  b: 1\n c: 2\n", 3, 2, "mend the indentation"),
        (
            "mapping:\ncustomer_info:\n    em: a\n  custom_data:\n    value: b\n",
            2,
            1,
            "indent the groups of the mapping alike",
        ),
        (
            "mapping:\n customer_info: # who\n    em: a\n\n# c\n  custom_data:\n",
            2,
            2,
            "indent the groups of the mapping alike",
        ),
        ("mapping:\n  customer_info:\n    em: a\n custom_data:\n", 4, 2, "mend the indentation"),
        ("<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> b\n", 1, 1, "keep one of them"),
        ("a: 1\n<<<<<<< HEAD\n=======\nb: 2\n>>>>>>> b\n", 2, 1, "keep one of them"),
        ("<<<<<<<\na: 1\n=======\na: 2\n>>>>>>>\n", 1, 1, "keep one of them"),
        ("a: |\n  b\n||||||| base\n  c\n", 3, 1, "keep one of them"),
        ("a: 1\r\n=======\r\n  b: 2\r\n", 2, 1, "keep one of them"),
        (
            "a: |\n  b\n=======\n  c\n>>>>>>> b\n",
            3,
            1,
            "delete the lines that begin with <<<<<<<, |||||||, ======= and >>>>>>>",
        ),
    ],
)
def test_a_syntax_error_says_where_and_how_to_mend_it(text: str, line: int, column: int, remedy: str) -> None:
    _, problems = parse(text)
    assert problems[0].startswith(f"a.yaml:{line}:{column}: not valid YAML: ")
    assert remedy in problems[0]


def test_problems_of_one_file_come_together() -> None:
    _, problems = parse("a: !x 1\nb: 007\nc: 1\nc: 2\n")
    assert [problem.split(": ")[1] for problem in problems] == ["a", "b", "c"]
