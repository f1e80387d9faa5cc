"""Carrying out a run: the job, which is the user's code and what can go wrong in it, and the executors it runs on.

Knows no session and no server, and of stores the cache alone: `ScenarioProcessor` decides what runs and when. Begin
with `job`.
"""
