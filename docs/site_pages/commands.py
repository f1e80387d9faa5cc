"""The page of commands: what each says when asked for help."""

from __future__ import annotations

from collections.abc import Iterator

import click

from algomancy_api.cli import main as server_command
from algomancy_conformance.cli import main as conformance_command
from site_pages.markdown import GeneratedPage, fence

_COMMANDS = {"algomancy-api": server_command, "algomancy-conformance": conformance_command}
_WIDTH = 80


def commands_page() -> GeneratedPage:
    """One section per command and sub-command, with its help text word for word."""
    parts = ["# Command line\n", "Each command explains itself with `--help`. This is what they say.\n"]
    for name, help_text in help_texts():
        level = "##" if " " not in name else "###"
        parts.append(f"{level} {name} {{ #{name.replace(' ', '-')} }}\n")
        parts.append(fence("text", help_text))
    return GeneratedPage("reference/commands.md", "Command line", "\n".join(parts))


def help_texts() -> Iterator[tuple[str, str]]:
    """Each command's full name and help, groups before what they hold."""
    for name, command in _COMMANDS.items():
        yield from _walk(command, name, None)


def _walk(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    context = click.Context(
        command,
        info_name=name.rsplit(" ", 1)[-1],
        parent=parent,
        **{**command.context_settings, "terminal_width": _WIDTH, "max_content_width": _WIDTH},
    )
    yield name, command.get_help(context)
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            child = command.get_command(context, sub)
            if child is not None and not child.hidden:
                yield from _walk(child, f"{name} {sub}", context)
