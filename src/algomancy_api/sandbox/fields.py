"""The kinds of values that the control API takes, and what all that it takes has in common."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    FiniteFloat,
)
from pydantic_core import PydanticCustomError

from algomancy_api.errors import WHOLE_SENTENCE
from algomancy_api.schemas.fields import Model

MAX_SECONDS = 10 * 365 * 24 * 3600

_WORLD_NAME = r"^[a-z0-9][a-z0-9._-]{0,62}$"

Seconds = Annotated[FiniteFloat, Field(ge=0, le=MAX_SECONDS)]
Percent = Annotated[FiniteFloat, Field(ge=0, le=100)]


def broken(message: str) -> PydanticCustomError:
    """Return the error that says so, in a whole sentence."""
    return PydanticCustomError(WHOLE_SENTENCE, "{message}", {"message": message})


def _world_name(given: str) -> str:
    if not re.fullmatch(_WORLD_NAME, given):
        raise broken(
            f"The name '{given[:80]}' must be 1 to 63 characters long and hold letters in lower case, digits, '.', '_' "
            "and '-' only, the first of them a letter or a digit."
        )
    return given


WorldName = Annotated[str, AfterValidator(_world_name), Field(json_schema_extra={"pattern": _WORLD_NAME})]


class Told(Model):
    """Settings of what steers: a member that there is not is told, not passed over."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
