"""Commands that show an example of their use at the end of their `--help`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click


def _write_examples(formatter: click.HelpFormatter, examples: Sequence[str]) -> None:
    with formatter.section("Example" if len(examples) == 1 else "Examples"):
        for line in examples:
            # Not wrapped: a line that is copied must work.
            formatter.write(f"{'':{formatter.current_indent}}{line}\n")


class Command(click.Command):
    """A command with examples: whole lines that work as they stand."""

    def __init__(self, *args: Any, examples: Sequence[str], **settings: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(*args, **settings)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the examples."""
        _write_examples(formatter, self.examples)


class Group(click.Group):
    """A group of commands with examples."""

    command_class = Command

    def __init__(self, *args: Any, examples: Sequence[str], **settings: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(*args, **settings)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the examples."""
        _write_examples(formatter, self.examples)
