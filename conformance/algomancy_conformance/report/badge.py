"""The badge: the verdict in a picture of one line."""

from __future__ import annotations

from html import escape

from ..outcomes import Outcome
from ..verdict import Verdict

LABEL = "algomancy api"
COLOURS = {0: "#2e7d32", 1: "#c62828", 2: "#757575"}
WORDS = {0: "conformant", 1: "not conformant", 2: "not tested"}


def badge(verdict: Verdict) -> str:
    """The verdict as SVG."""
    passed = len(verdict.of(Outcome.PASSED))
    text = f"{WORDS[verdict.exit_code]} · {passed}/{len(verdict.clauses)}"
    left, right = 8 + 6.2 * len(LABEL), 12 + 6.2 * len(text)
    title = escape(f"{LABEL}: {text}")
    space = "http://www.w3.org/2000/svg"
    return f"""<svg xmlns="{space}" width="{left + right:.0f}" height="20" role="img" aria-label="{title}">
<title>{title}</title>
<rect width="{left:.0f}" height="20" fill="#444"/>
<rect x="{left:.0f}" width="{right:.0f}" height="20" fill="{COLOURS[verdict.exit_code]}"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{left / 2:.0f}" y="14">{escape(LABEL)}</text>
<text x="{left + right / 2:.0f}" y="14">{escape(text)}</text>
</g>
</svg>
"""
