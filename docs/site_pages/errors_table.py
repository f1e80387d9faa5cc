"""The page of error rules."""

from __future__ import annotations

from site_pages.document import document, operation_links, operations
from site_pages.markdown import GeneratedPage, fence, table


def errors_page() -> GeneratedPage:
    """The error table, and which operations answer which status."""
    rules = document()["x-error-rules"]
    rows = [
        (
            f"**{rule['id']}**{{ #{rule['id'].lower()} }}",
            f"`{rule['exception']}`",
            ", ".join(f"`{status}`" for status in rule["statuses"]),
            rule["when"],
        )
        for rule in rules
    ]
    links = operation_links()
    users: dict[str, list[str]] = {}
    for operation in operations():
        for status in operation.spec["responses"]:
            if not status.startswith("2"):
                users.setdefault(status, []).append(f"[{operation.id}]({links[operation.id]})")
    text = [
        "# Errors\n",
        "Every error has one shape. Branch on the status. The text is for a person to read and may change.\n",
        fence("json", '{"detail": "Parameter \'duration\' must be at most 60, got 999."}'),
        "## What becomes which status { #rules }\n",
        "An exception falls under the rule of its own class, else of its nearest parent that has one. The server's"
        " handlers and each operation's documented statuses follow this table; so does this page.\n",
        table(("rule", "exception in Python", "status", "when"), rows),
        "## Who answers what { #statuses }\n",
        table(("status", "operations"), ((f"`{code}`", ", ".join(users[code])) for code in sorted(users))),
    ]
    return GeneratedPage("reference/errors.md", "Errors", "\n".join(text))
