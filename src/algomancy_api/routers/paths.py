"""The path parameters that the operations share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

SessionId = Annotated[str, Path(description="Id of the session (its UUID), or its current display name.")]
AlgorithmName = Annotated[str, Path(description="Name of the algorithm.")]
ScenarioId = Annotated[str, Path(description="Id of the scenario (its UUID).")]
DataKey = Annotated[str, Path(description="Key of the dataset.")]
