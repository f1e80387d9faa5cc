"""The project that is measured: two wide tables, an instant algorithm, KPIs.

`python -m tests.benchmarks.project [OVERRIDES]` serves it, with these fields of its configuration as JSON.
"""

from __future__ import annotations

import io
import json
import sys
import time
from typing import Any

from algomancy_api import ApiConfiguration, ApiLauncher
from algomancy_api.http.server import collect_seldom
from algomancy_data import (
    Column,
    DataSource,
    DataType,
    ExtractionSequence,
    File,
    FileExtension,
    Schema,
    SchemaType,
    SimpleETLFactory,
)
from algomancy_scenario import BaseAlgorithm, BaseKPI, BaseScenarioResult, ImprovementDirection
from algomancy_utils import QUANTITIES, BaseMeasurement
from algomancy_utils.baseparameterset import BaseParameterSet, IntegerParameter
from tests.benchmarks.serving import serve


class Orders(Schema):
    """Ten columns of the usual types, for a large upload."""

    _FILENAME = "orders"
    _EXTENSION = FileExtension.CSV
    _SCHEMA_TYPE = SchemaType.SINGLE
    ID = Column("id", DataType.INTEGER)
    CUSTOMER = Column("customer", DataType.INTEGER)
    ARTICLE = Column("article", DataType.STRING)
    QUANTITY = Column("quantity", DataType.INTEGER)
    PRICE = Column("price", DataType.FLOAT)
    WEIGHT = Column("weight", DataType.FLOAT)
    VOLUME = Column("volume", DataType.FLOAT)
    REGION = Column("region", DataType.STRING)
    URGENT = Column("urgent", DataType.BOOLEAN)
    DAY = Column("day", DataType.DATETIME)


def orders_csv(rows: int) -> bytes:
    """That many orders as csv, 83 bytes a row or a little less."""
    return b"id;customer;article;quantity;price;weight;volume;region;urgent;day\n" + b"".join(
        b"%d;%d;article-%05d;%d;%d.25;%d.125;%d.0625;region-%02d;%s;2026-%02d-%02d\n"
        % (
            number,
            number * 7919 % 100_003,
            number % 20_000,
            number % 97 + 1,
            number % 5_000,
            number * 31 % 900_000,
            number * 17 % 70_000,
            number % 40,
            b"True" if number % 3 else b"False",
            number % 12 + 1,
            number % 28 + 1,
        )
        for number in range(rows)
    )


class OrderBook(Orders):
    """The same ten columns in a workbook."""

    _FILENAME = "orderbook"
    _EXTENSION = FileExtension.XLSX


class OrderList(Orders):
    """The same ten columns as JSON records."""

    _FILENAME = "orderlist"
    _EXTENSION = FileExtension.JSON


def orders(rows: int) -> Any:
    """That many orders as a data frame, with the types that their schema has."""
    import pandas as pd

    return pd.read_csv(io.BytesIO(orders_csv(rows)), sep=";", parse_dates=["day"])


def orders_json(rows: int) -> bytes:
    """That many orders as JSON records."""
    return str(orders(rows).to_json(orient="records", date_format="iso")).encode()


def orders_xlsx(rows: int) -> bytes:
    """That many orders as a workbook."""
    import pandas as pd

    stream = io.BytesIO()
    with pd.ExcelWriter(stream, engine="xlsxwriter") as writer:
        orders(rows).to_excel(writer, index=False)
    return stream.getvalue()


class Stock(Schema):
    """Ten columns as well, shorter ones: as JSON 135 bytes a row."""

    _FILENAME = "stock"
    _EXTENSION = FileExtension.CSV
    _SCHEMA_TYPE = SchemaType.SINGLE
    ID = Column("id", DataType.INTEGER)
    SKU = Column("sku", DataType.STRING)
    QUANTITY = Column("qty", DataType.INTEGER)
    PRICE = Column("price", DataType.FLOAT)
    WEIGHT = Column("kg", DataType.FLOAT)
    VOLUME = Column("m3", DataType.FLOAT)
    ZONE = Column("zone", DataType.STRING)
    BAY = Column("bay", DataType.INTEGER)
    COUNTED = Column("ok", DataType.BOOLEAN)
    DAY = Column("day", DataType.DATETIME)


def stock_csv(rows: int) -> bytes:
    """That many lines of stock as csv."""
    return b"id;sku;qty;price;kg;m3;zone;bay;ok;day\n" + b"".join(
        b"%d;s%04d;%d;%d.5;%d.25;0.%d;%c;%d;%s;2026-%02d-%02d\n"
        % (
            number,
            number % 5_000,
            number % 97 + 1,
            number % 500 + 1,
            number % 70 + 1,
            number % 9 + 1,
            b"ABCDEFGH"[number % 8],
            number % 40,
            b"True" if number % 3 else b"False",
            number % 12 + 1,
            number % 28 + 1,
        )
        for number in range(rows)
    )


class OneTable(SimpleETLFactory):
    """Reads the one file it is given, by the schema of that name."""

    def create_extraction_sequence(self, files: dict[str, File] | None = None) -> ExtractionSequence:
        """The usual sequence, for that schema alone."""
        self.schemas = [schema for schema in self.schemas if schema.file_name() in (files or {})]
        return super().create_extraction_sequence(files)


class Result(BaseScenarioResult):
    """Where the number came from."""

    def to_dict(self) -> dict[str, Any]:
        """The result's members."""
        return {"data_id": self.data_id, "answer": 42}


class EffortParameters(BaseParameterSet):
    """One bounded integer."""

    def __init__(self, name: str = "effort") -> None:
        super().__init__(name)
        self.add_parameters([IntegerParameter("effort", minvalue=1, maxvalue=10, default=1)])

    def validate(self) -> None:
        """Any effort will do."""


class Instant(BaseAlgorithm):
    """Returns at once."""

    def __init__(self, params: BaseParameterSet) -> None:
        super().__init__(name="Instant", params=params)

    @staticmethod
    def initialize_parameters() -> EffortParameters:
        """One parameter, `effort`."""
        return EffortParameters()

    def run(self, data: Any) -> Result:
        """The answer."""
        return Result(data.id)


class Busy(Instant):
    """Computes for as many seconds of a core as `effort` says."""

    def run(self, data: Any) -> Result:
        """The answer, after that."""
        end = time.process_time() + self.params["effort"]
        while time.process_time() < end:
            pass
        return Result(data.id)


class Analysis(Instant):
    """Goes through a large table a few times."""

    def run(self, data: Any) -> Result:
        """The answer, after that."""
        for _ in range(4):
            data.tables["stock"].groupby(["zone", "bay", "sku"])[["qty", "price", "kg"]].sum()
        return Result(data.id)


class Hungry(Instant):
    """Fills a gigabyte."""

    def run(self, data: Any) -> Result:
        """The answer, after that."""
        return Result(data.id) if len(bytearray(b"x") * 2**30) else None  # type: ignore[return-value]


class _Kpi(BaseKPI):
    label = ""

    def __init__(self) -> None:
        super().__init__(self.label, ImprovementDirection.LOWER, BaseMeasurement(QUANTITIES["time"]["s"]))

    def compute(self, result: Any) -> float:
        """The number in the result."""
        return float(result.to_dict()["answer"])


def build_config(**overrides: Any) -> ApiConfiguration:
    """The measured configuration."""
    kpis = {label: type(label, (_Kpi,), {"label": label}) for label in ("Delay", "Cost", "Distance")}
    fields: dict[str, Any] = {
        "etl_factory": OneTable,
        "schemas": [Orders, OrderBook, OrderList, Stock],
        "data_object_type": DataSource,
        "algorithms": {each.__name__: each for each in (Instant, Busy, Analysis, Hungry)},
        "kpis": kpis,
    }
    return ApiConfiguration(**{**fields, **overrides})


if __name__ == "__main__":
    collect_seldom()  # As `algomancy-api serve` does.
    serve(ApiLauncher.build(build_config(**(json.loads(sys.argv[1]) if sys.argv[1:] else {}))))
