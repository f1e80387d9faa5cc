"""From what became of each check to a verdict, and how it is shown: terminal, HTML, JUnit, Markdown, a badge.

Nothing here sends a request. Begin with :mod:`.verdict`; :mod:`.report` writes the files. May import clauses,
options, outcomes and the recorded messages, and nothing that runs checks.
"""
