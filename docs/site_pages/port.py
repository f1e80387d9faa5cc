"""The page of the backend port: every member the routes may call, and a whole backend to read."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

from algomancy_api import backend
from site_pages.markdown import GeneratedPage, fence, prose, table


def port_page(root: Path) -> GeneratedPage:
    """One section per protocol of the module with one row per member, and the listing of the example."""
    tree = ast.parse(inspect.getsource(backend))
    parts = ["# The backend port\n", prose(ast.get_docstring(tree) or "") + "\n"]
    protocols = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    for protocol in sorted(protocols, key=lambda node: (not node.name.endswith(("Backend", "Members")), -node.lineno)):
        parts.append(f"## {protocol.name} {{ #{protocol.name} }}\n")
        parts.append(prose(ast.get_docstring(protocol) or "") + "\n")
        members = [node for node in protocol.body if isinstance(node, ast.FunctionDef)]
        rows = ((_signature(member), ast.get_docstring(member) or "") for member in members)
        parts.append(table(("member", "what it does"), rows))
    parts.append("## example/own_backend.py { #own_backend }\n")
    parts.append(fence("python", (root / "example" / "own_backend.py").read_text(encoding="utf-8")))
    return GeneratedPage("reference/port.md", "The backend port", "\n".join(parts))


def _signature(member: ast.FunctionDef) -> str:
    """A property's name and type, or a method's whole signature."""
    returns = ast.unparse(member.returns) if member.returns else "None"
    if any(isinstance(one, ast.Name) and one.id == "property" for one in member.decorator_list):
        return f"`{member.name}: {returns}`"
    arguments = ast.unparse(member.args).removeprefix("self").removeprefix(", ")
    return f"`{member.name}({arguments}) -> {returns}`"
