"""Exceptions whose message is meant for the person who made the call.

::

    LookupError
      └─ NotFoundError             what was asked for does not exist
           ├─ UnknownSessionError  also a KeyError
           └─ UnknownNameError     also an AssertionError: an algorithm or a dataset
    AssertionError
      └─ PreconditionError         what was asked for cannot be done in the present state
           └─ TakenError           also a ValueError: a name, a tag or a key that another one has
    ValueError
      └─ TooLargeError             what was sent is larger than the limits allow
    OSError
      └─ UnavailableError          what the state is stored in does not answer

The second base of the three is what Algomancy itself raises there: a project that catches it goes on working.

`error_kind` tells an HTTP layer that does not import these classes which of them it has got.
Bad input of any other kind is a plain `ValueError`, a bad parameter a
[`ParameterError`][algomancy_utils.typed_parameter.ParameterError].
"""

from __future__ import annotations

import itertools
from collections.abc import Collection

_MOST_TOLD = 10


class NotFoundError(LookupError):
    """The session, scenario, dataset or algorithm named does not exist.

    Args:
        message: Which thing is missing, in words for the caller.
    """

    error_kind = "not_found"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @classmethod
    def among(cls, kind: str, name: str, known: Collection[str]) -> NotFoundError:
        """Return the error for an unknown name; it lists the first ten names that there are.

        Args:
            kind: What is missing, in a word.
            name: The name asked for.
            known: The names there are.
        """
        told = ", ".join(f"'{each}'" for each in itertools.islice(known, _MOST_TOLD)) or "none"
        more = f" and {len(known) - _MOST_TOLD} more" if len(known) > _MOST_TOLD else ""
        return cls(f"{kind} '{name}' does not exist; there are: {told}{more}.")

    def __str__(self) -> str:
        return self.message


class UnknownSessionError(NotFoundError, KeyError):
    """There is no session of this id or name."""


class UnknownNameError(NotFoundError, AssertionError):
    """There is no algorithm, or no dataset, of this name."""


class PreconditionError(AssertionError):
    """The call is well formed, but the present state does not allow it (contract ERR-3).

    Args:
        message: What stands in the way, in words for the caller.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class TakenError(PreconditionError, ValueError):
    """Another session, scenario or dataset has the name, the tag or the key already (contract ERR-4)."""


class TooLargeError(ValueError):
    """What was sent exceeds a configured limit (contract ERR-7).

    Args:
        message: What was too large and which limit applies, in words for the caller.
    """

    error_kind = "too_large"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class UnavailableError(OSError):
    """What the state is stored in does not answer at the moment; the call may be made again.

    Args:
        message: What does not answer, in words for the caller.
    """

    error_kind = "unavailable"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
