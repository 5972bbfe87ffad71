"""Rows that the fast rules cannot settle: phones as written at home in 20 countries, names in ten scripts, all distinct.

`python -m benchmarks.hard_rules` makes bodies of them and of the same rows with international phones and ASCII names,
in turn, and fails where they take more than three times the CPU.
"""

import argparse
import random
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import targets
from benchmarks.__main__ import CACHE, workload
from benchmarks.rows import SEED
from benchmarks.turns import Facts, cpu_us, measure, ratios, say, spread

COUNTRIES = (
    "US",
    "GB",
    "DE",
    "FR",
    "ES",
    "IT",
    "PL",
    "BR",
    "MX",
    "SE",
    "NL",
    "GR",
    "UA",
    "TR",
    "IL",
    "JP",
    "KR",
    "IN",
    "CZ",
    "AU",
)
SCRIPTS = (
    "ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŠŽŁŐĞàáâãäåçèéêëìíîïñòóôõöøùúûüýšžłőğ",
    "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЫЭЮЯабвгдежзийклмнопрстуфхцчшщыэюяіїєґ",
    "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩάέήίόύώαβγδεζηθικλμνξοπρσςτυφχψω",
    "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "אבגדהוזחטיכלמנסעפצקרשתםןףץ",
    "अआइईउऊएऐओऔकखगघचछजझटठडढणतथदधनपफबभमयरलवशषसह",
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂",
    "김이박최정강조윤장임한오서신권황안송류홍민준서연지우현수진영은",
    "さとうたかはしいとわなべこばやかつねもきよはるなひろサトウタカハシイトワナベコバヤ",
    "กขคงจฉชซญฎฏฐณดตถทธนบปผฝพฟภมยรลวศษสหอฮ",
)
MOST = 3.0
Row = tuple[int, str, str, str, str]


def hard(count: int) -> Iterator[Row]:
    """Yield number, country, phone, first and last name of each row."""
    rng, forms = random.Random(SEED), [(country, home_form(country)) for country in COUNTRIES]
    for number in range(count):
        country, form = forms[number % len(forms)]
        letters = SCRIPTS[number // len(forms) % len(SCRIPTS)]
        yield number, country, with_digits(form, number), name(letters, rng), name(letters, rng)


def easy(count: int) -> Iterator[Row]:
    """Yield the same with international numbers and names of ASCII."""
    rng = random.Random(SEED)
    for number in range(count):
        country = COUNTRIES[number % len(COUNTRIES)]
        yield (
            number,
            country,
            with_digits(world_form(country), number),
            *("".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=8)).title() for _ in range(2)),
        )


def name(letters: str, rng: random.Random) -> str:
    """Return a name as people type it: with blanks, and some with a hyphen or an apostrophe."""
    text = "".join(rng.choices(letters, k=rng.randint(4, 9)))
    return (
        f" {text}" if rng.random() < 0.1 else text[:3] + rng.choice("-'’ ") + text[3:] if rng.random() < 0.2 else text
    )


def home_form(country: str) -> str:
    """Return a mobile number of a country as it is written there."""
    return _example(country, "NATIONAL")


def world_form(country: str) -> str:
    """Return it with the code of the country."""
    return _example(country, "E164")


def _example(country: str, form: str) -> str:
    import phonenumbers

    number = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    return phonenumbers.format_number(number, getattr(phonenumbers.PhoneNumberFormat, form))


def with_digits(form: str, number: int) -> str:
    """Return `form` with the last six of its digits exchanged for those of `number`."""
    new, text = f"{number // len(COUNTRIES):06d}"[-6:], list(form)
    places = [place for place, sign in enumerate(text) if sign.isdigit()][-6:]
    for place, digit in zip(places, new, strict=True):
        text[place] = digit
    return "".join(text)


def write(base: Path, target: Path, rows: Iterator[Row]) -> None:
    """Write the orders of `base` with these columns in place of its own."""
    import duckdb
    import pyarrow as pa

    target.unlink(missing_ok=True)
    names = ("number", "country", "phone", "first_name", "last_name")
    made = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    with duckdb.connect(str(target)) as connection:
        connection.register("made", made)
        connection.execute(f"ATTACH '{base}' AS base (READ_ONLY)")
        connection.execute(
            "CREATE TABLE orders AS SELECT o.* REPLACE (made.country AS country, made.phone AS phone,"
            " made.first_name AS first_name, made.last_name AS last_name)"
            " FROM base.orders o JOIN made ON made.number = o.order_id ORDER BY o.order_id"
        )


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.hard_rules", description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    base, _ = workload(chosen.rows)
    files = {"easy": CACHE / f"easy-{chosen.rows}.duckdb", "hard": CACHE / f"hard-{chosen.rows}.duckdb"}
    write(base, files["easy"], easy(chosen.rows))
    write(base, files["hard"], hard(chosen.rows))
    done: dict[str, list[Facts]] = {kind: [] for kind in files}
    say(f"\nHard rules, {chosen.rows:,} distinct rows, {chosen.rounds} rounds in turn, CPU µs a row: median (range)")
    for _ in range(chosen.rounds):
        for kind, file in files.items():
            done[kind].append(measure(sys.executable, "benchmarks.bodies_syncer", file, chosen.rows))
    for kind, facts in done.items():
        say(f"  {kind:<12} {spread(map(cpu_us, facts))}   {facts[0]['events']:,} events")
    found = ratios(done["hard"], done["easy"])
    say(f"  hard / easy  {spread(found)}   wanted at most {MOST}")
    targets.found("hard", found, rows=chosen.rows)
    targets.main()
    sys.exit(int(sorted(found)[len(found) // 2] > MOST))


if __name__ == "__main__":
    main()
