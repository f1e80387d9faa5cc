"""The suite: one file per resource, one test per clause or part of one. It reads as the specification."""
