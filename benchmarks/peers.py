"""Whole runs against others on the same rows: `python -m benchmarks peers`, `python -m benchmarks latency`.

Postgres -> events -> HTTP on the loopback -> a ledger on disk, each variant in a process of its own, in turn. Before the
clock starts, each sends the first rows to a sink that keeps them, and its events are compared with syncer's.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs

from benchmarks import targets, whole_floor
from benchmarks.environments import python_with
from benchmarks.turns import Facts, cpu_us, measure, ratios, say, spread
from benchmarks.warehouses import postgres_url

WALL = {"syncer, 4 in flight": "wall-4", "syncer, as by default": "wall-default", "syncer, 16 in flight": "wall-16"}
"""Variants of `latencies` whose events a second are a target."""
COMPARED = 2_000
"""Rows whose events are compared."""
FACEBOOK = ("facebook_business", "psycopg[binary]", "requests")
SCRIPT = ("requests", "psycopg[binary]", "phonenumbers")
DRT = ("drt-core", "psycopg2-binary")
DRT_MAPPING_AT_8 = "syncer, drt's mapping, 8"
Json = Any


@dataclass(frozen=True, slots=True)
class Peer:
    """One way to send the orders."""

    name: str
    python: Path | str
    module: str
    further: tuple[str, ...] = ()
    """Arguments behind the addresses of Postgres and the sink."""
    beside: str | None = None
    """The variant whose events its own are compared with, and whose cost is divided by."""
    target: str | None = None
    """Of `targets.TARGETS`."""


def found_peers() -> list[Peer]:
    """Return the variants; environments are made when missing."""
    facebook = python_with(*FACEBOOK)
    script = python_with(*SCRIPT)
    drt = python_with(*DRT)
    no_floor = whole_floor.compiled()
    if no_floor:
        say(f"without the native floor: {no_floor}")
    floor = Peer("native floor", sys.executable, "benchmarks.whole_floor", beside="syncer", target="whole-floor")
    return [
        Peer("syncer", sys.executable, "benchmarks.whole_postgres", ("full",)),
        Peer("facebook_business", facebook, "benchmarks.whole_facebook", beside="syncer", target="whole-facebook"),
        Peer("facebook's events only", facebook, "benchmarks.whole_facebook", ("events",), beside="syncer"),
        Peer("script, same rules", script, "benchmarks.whole_script", beside="syncer", target="whole-script"),
        Peer("syncer, drt's mapping", sys.executable, "benchmarks.whole_postgres", ("small",)),
        Peer("drt-core", drt, "benchmarks.whole_drt", beside="syncer, drt's mapping", target="whole-drt"),
        *([] if no_floor else [floor]),
    ]


def compare_whole_runs(file: Path, rounds: int, *, only: str = "") -> None:
    """Compare events, then measure whole runs, each variant in turn; those with `only` in their name, and what is beside."""
    peers = found_peers()
    needed = {peer.beside for peer in peers if only in peer.name}
    peers = [peer for peer in peers if only in peer.name or peer.name in needed]
    with TemporaryDirectory(prefix="b", ignore_cleanup_errors=True) as folder, few_and_all(file, Path(folder)) as found:
        few, every = found
        say(f"\nEvents of the first {COMPARED:,} rows, compared as parsed JSON")
        sent = {peer.name: events_of(peer, few, Path(folder) / "kept") for peer in peers}
        for peer in peers:
            if peer.beside is not None:
                say(f"  {peer.name:<24} {compared(sent[peer.name], sent[peer.beside])}")
        done = rounds_of(peers, every, rounds)
        for peer in peers:
            facts, beside = done[peer.name], ""
            if peer.beside is not None:
                times = ratios(facts, done[peer.beside])
                beside = f"   / {peer.beside} {spread(times)}"
                if peer.target:
                    is_floor = peer.target == "whole-floor"
                    targets.found(peer.target, (1 / one if is_floor else one for one in times), rows=facts[0]["rows"])
            say(f"  {peer.name:<24} {spread(map(cpu_us, facts))}   {facts[0]['events']:>9,} events{beside}")


def rounds_of(peers: list[Peer], postgres: str, rounds: int) -> dict[str, list[Facts]]:
    """Measure every peer in turn, `rounds` times."""
    say(f"\nWhole run, Postgres to a sink on the loopback, {rounds} rounds in turn, CPU µs a row: median (range)")
    done: dict[str, list[Facts]] = {peer.name: [] for peer in peers}
    for _ in range(rounds):
        for peer in peers:
            with sink() as url:
                done[peer.name].append(measure(peer.python, peer.module, postgres, url, *peer.further))
    return done


def latencies(file: Path, rounds: int, *, latency_s: float = 0.2) -> None:
    """Measure wall speed where each answer takes `latency_s`."""
    drt = python_with(*DRT)
    variants: list[tuple[str, str, str, tuple[str, ...], int]] = [
        (f"syncer, {number} in flight", sys.executable, "benchmarks.whole_postgres", ("full", str(number)), number)
        for number in (1, 4, 8, 16)
    ]
    variants.append(("syncer, as by default", sys.executable, "benchmarks.whole_postgres", ("full",), 4))
    variants.append(("syncer, drt's mapping", sys.executable, "benchmarks.whole_postgres", ("small",), 4))
    variants.append((DRT_MAPPING_AT_8, sys.executable, "benchmarks.whole_postgres", ("small", "8"), 8))
    variants.append(("drt-core", str(drt), "benchmarks.whole_drt", (), 1))
    say(f"\nWhole run at {1000 * latency_s:.0f} ms of latency, {rounds} rounds in turn, events/s: median (range)")
    done: dict[str, list[Facts]] = {name: [] for name, *_ in variants}
    with (
        TemporaryDirectory(prefix="b", ignore_cleanup_errors=True) as folder,
        postgres_url(file, Path(folder)) as every,
    ):
        for _ in range(rounds):
            for name, python, module, further, _ in variants:
                with sink(latency_s) as url:
                    done[name].append(measure(python, module, every, url, *further))
    speeds_of = {name: [facts["events"] / facts["wall_s"] for facts in done[name]] for name in done}
    for name, target in WALL.items():
        targets.found(target, speeds_of[name], rows=done[name][0]["rows"])
    times = [one / other for one, other in zip(speeds_of[DRT_MAPPING_AT_8], speeds_of["drt-core"], strict=True)]
    targets.found("wall-drt", times, rows=done["drt-core"][0]["events"])
    for name, _, _, _, in_flight in variants:
        speeds = speeds_of[name]
        ideal = 1000 * in_flight / latency_s
        share = spread(100 * speed / ideal for speed in speeds)
        say(
            f"  {name:<24} {spread(speeds)}   % of the ideal {ideal:,.0f}: {share}   CPU {spread(map(cpu_us, done[name]))}"
        )


@contextmanager
def few_and_all(file: Path, folder: Path, few: int = COMPARED) -> Iterator[tuple[str, str]]:
    """Give two addresses of one Postgres server: with the first `few` orders only, and with all."""
    with postgres_url(file, folder) as every:
        import psycopg

        with psycopg.connect(every, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA few")
            connection.execute(
                f"CREATE TABLE few.orders AS SELECT * FROM public.orders ORDER BY updated_at, order_id LIMIT {few}"
            )
            connection.execute("CREATE ROLE few SUPERUSER LOGIN")
            connection.execute("ALTER ROLE few SET search_path = few")
        yield every.replace("postgres:@", "few:@", 1), every


@contextmanager
def sink(latency_s: float = 0, kept: Path | None = None) -> Iterator[str]:
    """Give the address of a sink in a process of its own."""
    words = [sys.executable, "-m", "benchmarks.sink", str(latency_s), *([] if kept is None else [str(kept)])]
    os.environ["BENCH_TOKEN"] = "sandbox-token"
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate()


def events_of(peer: Peer, postgres: str, kept: Path) -> list[dict[str, Json]]:
    """Return the events that `peer` sends of the first rows, in the order of their time and id."""
    kept.unlink(missing_ok=True)
    with sink(kept=kept) as url:
        measure(peer.python, peer.module, postgres, url, *peer.further)
    return [event for line in kept.read_text(encoding="utf-8").splitlines() for event in _events_in(line)]


def _events_in(body: str) -> list[dict[str, Json]]:
    if body.startswith("{"):
        return list(json.loads(body)["data"])
    (data,) = parse_qs(body)["data"]  # as Meta's SDK posts: a form, whose field is a list of texts of JSON
    return [json.loads(event) for event in json.loads(data)]


def compared(found: list[dict[str, Json]], expected: list[dict[str, Json]]) -> str:
    """Return how many of the events are equal, and which of their members are not, counted.

    Events are paired by what no variant changes: the time, and the address of the page with the click id.
    """
    theirs, ours = {_who(event): event for event in found}, {_who(event): event for event in expected}
    both = theirs.keys() & ours.keys()
    apart: Counter[str] = Counter()
    equal = 0
    for who in both:
        differing = sorted(_differing(theirs[who], ours[who]))
        equal += not differing
        apart.update(differing)
    told = ", ".join(f"{name} {count:,}" for name, count in apart.most_common(8))
    return f"{len(found):,} events to {len(expected):,}, {equal:,} of {len(both):,} equal{'; others: ' if told else ''}{told}"


def _who(event: Mapping[str, Json]) -> tuple[Json, ...]:
    user = event["user_data"]
    return (event["event_time"], event.get("event_source_url"), user.get("fbp"), user.get("client_ip_address"))


def _differing(one: Mapping[str, Json], other: Mapping[str, Json], above: str = "") -> Iterator[str]:
    for name in one.keys() | other.keys():
        mine, theirs = one.get(name), other.get(name)
        if isinstance(mine, dict) and isinstance(theirs, dict):
            yield from _differing(mine, theirs, f"{name}.")
        elif mine != theirs:
            yield above + name
