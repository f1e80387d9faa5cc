"""What a run is asked to do. Each setting is declared once; command line and pytest derive their options from it."""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from .clauses import Level, Profile, all_clauses
from .outcomes import KitError

LAYERS = ("clauses", "fuzzing", "model", "document")
PROFILES = tuple(profile.value for profile in Profile)
LEVELS = tuple(level.value.lower() for level in Level)
PREFIX = re.compile(r"[\w.~%/-]*", re.ASCII)


@dataclass(frozen=True)
class Setting:
    """How a setting is given on a command line.

    Attributes:
        help: What it does, in a sentence.
        flag: Its option.
        metavar: What stands for its value; empty for one that takes none.
        least: The smallest number it may be; None where it is no number.
        choices: What it may be, where that is limited.
        many: Whether it may be given again.
        variable: The environment variable it is read from as well.
    """

    help: str
    flag: str = ""
    metavar: str = ""
    least: int | None = None
    choices: tuple[str, ...] = ()
    many: bool = False
    variable: str = ""


@dataclass(frozen=True)
class Options:
    """The settings of one run; each is an option of ``algomancy-conformance run`` and of ``pytest conformance``."""

    prefix: Annotated[str, Setting("What the routes start with.", metavar="PATH")] = "/api/v1"
    profile: Annotated[Profile, Setting("By whose yardstick to judge.", choices=PROFILES)] = Profile.SEED
    level: Annotated[Level, Setting("Leave out clauses less binding than this.", choices=LEVELS)] = Level.MAY
    only: Annotated[
        tuple[str, ...], Setting("Check this clause alone; may be given again.", metavar="CLAUSE", many=True)
    ] = ()
    examples: Annotated[int, Setting("Random cases per operation.", least=1, metavar="N")] = 20
    seed: Annotated[int, Setting("What the random layers start from, to replay a run.", least=0, metavar="N")] = field(
        default_factory=lambda: secrets.randbelow(2**32)
    )
    jobs: Annotated[int, Setting("How many checks to make at a time.", least=1, metavar="N")] = 4
    read_only: Annotated[bool, Setting("Send GETs only.")] = False
    token: Annotated[
        str | None, Setting("A bearer token; it appears in no report.", metavar="T", variable="ALGOMANCY_TOKEN")
    ] = None
    slow: Annotated[str | None, Setting("The algorithm that takes time.", metavar="NAME")] = None
    fast: Annotated[str | None, Setting("The algorithm that ends at once.", metavar="NAME")] = None
    failing: Annotated[str | None, Setting("The algorithm that fails.", metavar="NAME")] = None
    crashing: Annotated[
        str | None, Setting("An algorithm whose parameters raise when they are asked for.", metavar="NAME")
    ] = None
    crashing_native: Annotated[
        str | None, Setting("An algorithm that kills the process it runs in.", metavar="NAME")
    ] = None
    silent: Annotated[
        str | None, Setting("An algorithm that takes time and never reports progress.", metavar="NAME")
    ] = None
    dataset: Annotated[str | None, Setting("The dataset to work with a copy of.", metavar="KEY")] = None
    etl_files: Annotated[Path | None, Setting("A folder of files the ETL accepts.", metavar="FOLDER")] = None
    cors_origin: Annotated[str | None, Setting("An origin the target allows.", metavar="ORIGIN")] = None
    restart_command: Annotated[
        str | None, Setting("Kills the target with SIGKILL and starts it again.", metavar="COMMAND")
    ] = None
    replicas: Annotated[
        tuple[str, ...],
        Setting(
            "Another server of the target's state; may be given again.", flag="--replica", metavar="URL", many=True
        ),
    ] = ()
    disposable: Annotated[bool, Setting("The target is the kit's to wipe.")] = False
    layers: Annotated[tuple[str, ...], Setting("Run this layer alone.", flag="--layer", choices=LAYERS, many=True)] = (
        LAYERS
    )

    @classmethod
    def given(cls, values: Mapping[str, Any]) -> Options:
        """The settings from what a command line gave; what is None or empty keeps its default.

        Raises:
            KitError: A value cannot be followed.
        """
        options = cls(**{name: _typed(name, value) for name, value in values.items() if value not in (None, (), [])})
        if not PREFIX.fullmatch(options.prefix):
            raise KitError(f"--prefix {options.prefix}: a path is wanted, such as /api/v1.")
        unknown = [name for name in options.only if name not in all_clauses()]
        if unknown:
            raise KitError(f"--only {unknown[0]}: there is no such clause; `algomancy-conformance clauses` lists them.")
        if options.etl_files is not None and not options.etl_files.is_dir():
            raise KitError(f"--etl-files {options.etl_files}: there is no such folder.")
        return options


def settings() -> dict[str, tuple[Setting, Any]]:
    """Every setting and its default by the name it has in :class:`Options`; the seed has none, for it is drawn."""
    plain = Options(seed=0)
    hints = get_type_hints(Options, include_extras=True)
    return {
        name: (hint.__metadata__[0], None if name == "seed" else getattr(plain, name)) for name, hint in hints.items()
    }


def flag_of(name: str, setting: Setting) -> str:
    """The option on a command line."""
    return setting.flag or "--" + name.replace("_", "-")


def _typed(name: str, value: Any) -> Any:  # noqa: ANN401
    if name == "profile":
        return Profile(value)
    if name == "level":
        return Level(value.upper())
    if name == "etl_files":
        return Path(value)
    return tuple(value) if isinstance(value, list) else value


def command_line(
    target: Sequence[str], options: Options, found: Mapping[str, str] | None = None, needs: Iterable[str] = ()
) -> str:
    """The command that repeats a run.

    Args:
        target: The words that name the target.
        options: The settings of the run; a token is left to its environment variable.
        found: Settings that were not given and are known now.
        needs: More options, each with a word in capitals for a value the user knows.
    """
    wanted = list(dict.fromkeys(needs))
    served = any(need.startswith("--serve ") for need in wanted)  # another way to name the target: there is one
    words = ["algomancy-conformance", "run", *(() if served else target)]
    for name, (setting, default) in settings().items():
        value = getattr(options, name)
        if name == "token":
            continue
        if value == default:
            value = (found or {}).get(name)
        if value in (None, False):
            continue
        values = value if isinstance(value, tuple) else (value,)
        words += [
            w for v in values for w in ((flag_of(name, setting),) if v is True else (flag_of(name, setting), str(v)))
        ]
    line = shlex.join(words)
    return " ".join([line, *(need for need in wanted if need.split()[0] not in words)])
