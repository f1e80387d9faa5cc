"""The kinds of values that bodies and queries hold, and what all models share."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictStr
from pydantic_core import PydanticCustomError

# One line of text that shows something: no control characters, and at least one character that is not white space.
# `\s` alone means different things to JavaScript, Python and Rust; with what is listed beside it they differ in U+FEFF
# only, which JavaScript takes for white space. U+2028 and U+2029 are not spelled out: generators write them into a
# regular expression as they are, where they end the line.
TEXT_PATTERN = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x20\x7f-\xa0][^\x00-\x1f\x7f-\x9f]*$"
MAX_TEXT_LENGTH = 255

Text = Annotated[StrictStr, Field(min_length=1, max_length=MAX_TEXT_LENGTH, pattern=TEXT_PATTERN)]
"""A name a person gives: 1 to 255 characters, not blank, no control characters (SES-4, SES-11, SCN-15)."""

Key = Annotated[StrictStr, Field(min_length=1)]
"""A name that is looked up or checked by the backend: any non-empty string."""

DatasetKey = Annotated[
    Key,
    Field(
        json_schema_extra={
            "maxLength": MAX_TEXT_LENGTH,
            "pattern": r"^(?!(?:\.{1,2}|from-json)$)[^/\x00-\x1f\x7f-\x9f]*$",
        }
    ),
]
"""What a dataset may be called. Described here and left to the backend to check, which is answered 400 (DAT-9)."""

Choice = str | bool | int | float
"""One of the values an enumeration allows; most are text."""

JsonObject = dict[str, Any]
"""An object whose members are the user's own."""


def _decimal_digits(value: object) -> object:
    # pydantic would also take ' 7 ', '7.0' and '1_000' for integers.
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,18}", value):
        raise PydanticCustomError("int_parsing", "Input should be an integer")
    return value


DecimalInteger = Annotated[int, BeforeValidator(_decimal_digits)]
"""An integer in a query: decimal digits and nothing else."""

MAX_PAGE_LENGTH = 10_000
MAX_OFFSET = 2**31 - 1

PageLength = Annotated[int, Field(ge=1, le=MAX_PAGE_LENGTH), BeforeValidator(_decimal_digits)]
"""How many items a page of a list may have."""


Moment = Annotated[str, Field(json_schema_extra={"format": "iso-date-time"})]
"""A moment as a user or a file gave it, in ISO 8601: with a time zone or without."""


class Model(BaseModel):
    """Settings shared by all bodies: unknown members are ignored (GEN-4)."""

    model_config = ConfigDict(extra="ignore", use_attribute_docstrings=True)

    holds_data: ClassVar[bool] = False
    """Whether a body of this kind may be as long as a dataset, rather than carry names and parameters only."""


class Error(Model):
    """The body of every error reply. Branch on the HTTP status, not on the text."""

    detail: str = Field(min_length=1)
    """What was wrong, for a person to read: which thing, and what is allowed."""
