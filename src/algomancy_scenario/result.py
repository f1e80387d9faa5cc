"""The result of a run, as an algorithm returns it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any, Self, TypeVar

from algomancy_data.encoding import decode_json, encode_json
from algomancy_utils.runtime import as_utc_text, utc_now


class BaseScenarioResult(ABC):
    """What a run found out.

    A subclass keeps what it likes and says in `to_dict` how a client sees it. To get objects of the subclass
    back after a restart, override `from_json` and name the class as the algorithm's `result_class`.

    Args:
        data_id: The id of the data source the result was made from.
    """

    def __init__(self, data_id: str) -> None:
        self.data_id = data_id
        self.completed_at: datetime = utc_now()

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return the result as a client sees it, an object.

        Its members are anything JSON can hold, and dates, numpy and pandas values besides.
        """

    def to_json(self) -> str:
        """Return `to_dict` as JSON text.

        Raises:
            ValueError: It holds something JSON cannot.
        """
        return encode_json(self.to_dict()).decode()

    @classmethod
    def from_json(cls, json_string: str) -> Self:
        """Rebuild a result from what `to_json` gave.

        Args:
            json_string: JSON text.

        Raises:
            NotImplementedError: The subclass does not offer it.
        """
        raise NotImplementedError(f"{cls.__name__} cannot be rebuilt from JSON: it does not override from_json.")


class ScenarioResult(BaseScenarioResult):
    """The plainest result: which data it was made from, and when.

    Args:
        data_id: The id of the data source the result was made from.
    """

    def to_dict(self) -> dict[str, Any]:
        """Return `data_id` and `completed_at`."""
        return {"data_id": self.data_id, "completed_at": as_utc_text(self.completed_at)}

    @classmethod
    def from_json(cls, json_string: str) -> Self:
        """Rebuild a result from what `to_json` gave.

        Args:
            json_string: JSON text.

        Raises:
            ValueError: The text is no such result.
        """
        content = decode_json(json_string)
        try:
            result = cls(content["data_id"])
            result.completed_at = datetime.fromisoformat(content["completed_at"])
        except (TypeError, KeyError) as error:
            raise ValueError("The text is not a scenario result.") from error
        return result


BASE_RESULT_BOUND = TypeVar("BASE_RESULT_BOUND", bound=BaseScenarioResult)
