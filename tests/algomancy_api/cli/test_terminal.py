"""What a person sees on a terminal of 80 columns."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import pexpect
import pyte
import pytest

from algomancy_api.client import AlgomancyClient
from tests.repository import MASTER_DATA

COLUMNS, LINES = 80, 40


@dataclass
class Session:
    """A command that ran on a terminal: all that the screen showed, one picture after the other."""

    pictures: list[list[str]] = field(default_factory=list)
    colours: set[str] = field(default_factory=set)
    exit_code: int | None = None

    @property
    def last(self) -> str:
        """The last picture, without the empty lines below it."""
        return "\n".join(line.rstrip() for line in self.pictures[-1]).rstrip()


def on_terminal(*arguments: str, interrupt_at: str | None = None, columns: int = COLUMNS, **variables: str) -> Session:
    """Run `algomancy-api` on a pseudo-terminal until it ends; press Ctrl-C once a text is on the screen."""
    environment = {**os.environ, "TERM": "xterm-256color"}
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        environment.pop(name, None)
    environment |= variables
    screen = pyte.Screen(columns, LINES)
    stream = pyte.ByteStream(screen)
    command = ["-m", "algomancy_api.cli", *arguments]
    child = pexpect.spawn(sys.executable, command, env=environment, dimensions=(LINES, columns), timeout=60)
    session = Session()
    try:
        while True:
            stream.feed(child.read_nonblocking(4096, timeout=60))
            if not session.pictures or session.pictures[-1] != screen.display:
                session.pictures.append(list(screen.display))
                if interrupt_at is not None and interrupt_at in session.last:
                    child.sendintr()
                    interrupt_at = None
                session.colours |= {cell.fg for row in screen.buffer.values() for cell in row.values()}
    except pexpect.EOF:
        child.close()
    session.exit_code = child.exitstatus
    return session


@pytest.fixture
def on_server(url: str) -> Callable[..., Session]:
    """Runs commands on a terminal against a fresh server."""
    return lambda *arguments, **settings: on_terminal(*arguments, "--url", url, **settings)


def test_run_shows_a_moving_bar_and_three_kpis(on_server: Callable[..., Session]) -> None:
    """The bar moves from near nothing to 100 %, and below it stand the KPIs with their values."""
    session = on_server("run", "Slow", "--dataset", "Master data", "--param", "duration=2", "--tag", "mine")
    assert session.exit_code == 0
    bars = [line for picture in session.pictures for line in picture if re.match(r"Slow: \w+ .*\d+%", line)]
    percents = [int(match[1]) for line in bars if (match := re.search(r"(\d+)%", line))]
    assert percents == sorted(percents)
    assert len(set(percents)) >= 3  # at the ends and in between, however busy the machine is
    assert percents[0] < 50
    assert percents[-1] == 100
    assert any(line.startswith("Slow: processing") for line in bars)
    assert bars[-1].startswith("Slow: complete")
    told = session.last.splitlines()
    assert len([line for line in told if line.startswith("Slow: ")]) == 1  # one bar that moves, not many
    assert "Scenario 'mine' is complete." in told
    values = {line[:16].strip(): float(line.split()[2].replace(",", "")) for line in told[-3:]}
    assert set(values) == {"Travel distance", "Zone balance", "Worst walk"}
    assert all(value > 0 for value in values.values())


def test_failed_run_leaves_the_bar_and_the_reason(on_server: Callable[..., Session]) -> None:
    """The reason stands below the bar, in colour."""
    session = on_server("run", "Failing", "--dataset", "Master data")
    assert session.exit_code == 1
    assert session.last.splitlines()[0].startswith("Failing: failed")
    assert "Error: Scenario" in session.last
    assert "red" in session.colours


def test_refused_run_shows_no_bar(on_server: Callable[..., Session]) -> None:
    """What never began has no progress; with NO_COLOR its error is plain."""
    session = on_server("run", "Nope", "--dataset", "Master data", NO_COLOR="1")
    assert session.last.startswith("Error: Algorithm 'Nope' does not exist; there are: 'Slow',")
    assert session.colours == {"default"}


def test_interrupted_run_goes_on_at_the_server(on_server: Callable[..., Session], client: AlgomancyClient) -> None:
    """Ctrl-C ends the waiting, not the scenario, and says so."""
    arguments = ("run", "Slow", "--dataset", "Master data", "--param", "duration=30", "--tag", "two words")
    session = on_server(*arguments, interrupt_at="Slow: processing", columns=120)
    assert session.exit_code == 1
    assert "Stopped waiting for scenario 'two words': it goes on at the server, processing at" in session.last
    assert "See it:  algomancy-api scenarios show 'two words' --url http://127.0.0.1:" in session.last
    assert "Traceback" not in session.last
    (scenario,) = client.list_scenario_summaries()
    assert scenario.status == "processing"


def test_tables_fit_80_columns(on_server: Callable[..., Session], client: AlgomancyClient) -> None:
    """Columns line up within the screen, and short ids can be typed again."""
    client.run_and_wait("Slow", "Master data", tag="as it is")
    client.run_and_wait("Greedy slotting", "Master data", tag="greedy")
    screen = on_server("scenarios").last.splitlines()
    assert screen[0].split() == ["Id", "Tag", "Algorithm", "Dataset", "Status", "Done"]
    assert set(screen[1].strip()) == {"─"}
    first, second = (line.split()[0] for line in screen[2:4])
    assert len(first) == len(second) == 8
    assert [line.index("complete") for line in screen[2:4]] == [screen[0].index("Status")] * 2
    compared = on_server("compare", first, second)
    assert compared.last.count("*") == 3
    assert [line.split()[0] for line in compared.last.splitlines() if "met" in line] == ["greedy"]
    assert max(len(line) for line in compared.last.splitlines()) < COLUMNS
    assert "green" in compared.colours
    wide = on_server("compare", first, second, columns=100)
    assert [row.count("*") for row in wide.last.splitlines()[2:]] == [1, 1, 1]


def test_scenarios_stand_in_one_line_each(on_server: Callable[..., Session], client: AlgomancyClient) -> None:
    """Where something would have to be folded for whole ids, they are short."""
    made = client.create_scenario("a tag of some thirty-four letters..", "Master data", "Parameter showcase")
    *_, line = on_server("scenarios", columns=120).last.splitlines()
    assert line.startswith(f"{made.id[:8]}   a tag")
    assert line.endswith("0 %")


def test_long_texts_are_folded_not_cut(on_server: Callable[..., Session]) -> None:
    """Every choice of a parameter stays readable."""
    session = on_server("algorithms", "Parameter showcase")
    words = set(re.findall(r"\w+", session.last))
    assert {"nearest", "farthest", "balanced", "note", "period"} <= words
    assert "…" not in session.last


def test_rows_show_the_columns_that_fit(on_server: Callable[..., Session]) -> None:
    """One row is one line; the columns that do not fit are named below."""
    session = on_server("data", "show", "Master data", "--table", "items", "--rows", "3")
    head, _, *rows, columns, more = session.last.splitlines()
    assert len(rows) == 3
    assert head.split()[:4] == ["item_id", "description", "category", "weight_kg"]
    assert columns.startswith("… and ")
    assert columns.endswith("max_stack.")
    assert more == "… and 197 more rows."


def test_upload_shows_how_far_it_is(on_server: Callable[..., Session]) -> None:
    """A bar of bytes ends at all of them."""
    files = [str(file) for file in sorted((MASTER_DATA).iterdir())]
    session = on_server("data", "upload", "Week 12", *files)
    bar, *_, told = session.last.splitlines()
    sent = re.search(r"Uploading\s+━+\s+([\d.]+)/([\d.]+) kB", bar)
    assert sent is not None, bar
    assert sent[1] == sent[2]
    assert told == "Stored 'Week 12'."


def test_watch_keeps_a_table_of_the_scenarios(on_server: Callable[..., Session], client: AlgomancyClient) -> None:
    """What is under way stands first; Ctrl-C ends the watching."""
    waiting = client.create_scenario("waiting", "Master data", "Slow", {"duration": 1})
    client.run_scenario(waiting)
    session = on_server("watch", interrupt_at="100 %")
    assert re.search(r"waiting +complete +100 % +━+", session.last)
    assert any(re.search(r"waiting +processing", "\n".join(picture)) for picture in session.pictures)
    assert session.exit_code == 0
