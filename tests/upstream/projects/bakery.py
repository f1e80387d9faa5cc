"""A bakery: one csv, one json and one xlsx file, a validator and a transformer of its own, every kind of parameter."""

from __future__ import annotations

import json
from datetime import datetime

from algomancy_data import (
    CleanTransformer,
    Column,
    CSVSingleExtractor,
    DataSource,
    DataType,
    DefaultValidator,
    ETLFactory,
    ExtractionSuccessVerification,
    FileExtension,
    JoinTransformer,
    JSONSingleExtractor,
    OptionalColumnGuard,
    PrimaryKeyValidator,
    RequiredColumnsValidator,
    Schema,
    SchemaType,
    SchemaValidator,
    Transformer,
    ValidationSequence,
    ValidationSeverity,
    Validator,
    XLSXSingleExtractor,
)
from algomancy_data.extractor import ExtractionSequence
from algomancy_data.transformer import TransformationSequence
from algomancy_scenario import (
    BaseAlgorithm,
    BaseKPI,
    BaseParameterSet,
    BaseScenarioResult,
    BooleanParameter,
    EnumParameter,
    FloatParameter,
    ImprovementDirection,
    IntegerParameter,
    KpiError,
    StringParameter,
)
from algomancy_utils import QUANTITIES, BaseMeasurement
from algomancy_utils.baseparameterset import IntervalParameter, MultiEnumParameter, TimeParameter


class Orders(Schema):
    _FILENAME = "orders"
    _EXTENSION = FileExtension.CSV
    _SCHEMA_TYPE = SchemaType.SINGLE

    ID = Column("order_id", DataType.INTEGER, primary_key=True)
    RECIPE = Column("recipe", DataType.STRING)
    PIECES = Column("pieces", DataType.INTEGER)
    PRICE = Column("price", DataType.FLOAT, nullable=True, description="euro a piece")
    DUE = Column("due", DataType.DATETIME)
    URGENT = Column("urgent", DataType.BOOLEAN)
    REMARK = Column("remark", DataType.STRING, optional=True, nullable=True)


class Recipes(Schema):
    _FILENAME = "recipes"
    _EXTENSION = FileExtension.JSON
    _SCHEMA_TYPE = SchemaType.SINGLE

    RECIPE = Column("recipe", DataType.STRING, primary_key=True)
    MINUTES = Column("minutes", DataType.FLOAT)
    FLOUR = Column("needs.flour", DataType.FLOAT)
    KIND = Column("kind", DataType.STRING)


class Ovens(Schema):
    _FILENAME = "ovens"
    _EXTENSION = FileExtension.XLSX
    _SCHEMA_TYPE = SchemaType.SINGLE

    OVEN = Column("oven", DataType.STRING, primary_key=True)
    TRAYS = Column("trays", DataType.INTEGER, default=4)
    SINCE = Column("since", DataType.DATETIME, nullable=True)


class PiecesArePositive(Validator):
    def validate(self, data):
        orders = data["orders"]
        for row in orders.index[orders["pieces"] <= 0]:
            self.buffer_message(
                ValidationSeverity.ERROR, f"Order {row} has no pieces.", "orders", "pieces", int(row), "NO_PIECES"
            )
        self.flush_buffer("Every order has pieces.")
        if orders["urgent"].any():
            self.add_message(ValidationSeverity.INFO, "Some are urgent.", table="orders", code="URGENT")
        return self.messages


class AddTurnover(Transformer):
    def __init__(self, logger=None):
        super().__init__("Turnover", logger)

    def transform(self, data):
        orders = data["orders"]
        orders["turnover"] = orders["pieces"] * orders["price"].fillna(0.0)


class Etl(ETLFactory):
    def create_extraction_sequence(self, files=None):
        sequence = ExtractionSequence(logger=self.logger)
        sequence.add_extractor(CSVSingleExtractor(files["orders"], self.get_schema("orders"), self.logger))
        sequence.add_extractors(
            [
                JSONSingleExtractor(files["recipes"], self.get_schema("recipes"), logger=self.logger),
                XLSXSingleExtractor(files["ovens"], self.get_schema("ovens"), sheet_name="ovens", logger=self.logger),
            ]
        )
        return sequence

    def create_validation_sequence(self):
        schemas = self.schemas
        return ValidationSequence(
            [
                ExtractionSuccessVerification(),
                RequiredColumnsValidator(schemas),
                SchemaValidator(schemas, severity=ValidationSeverity.WARNING),
                PrimaryKeyValidator(schemas=schemas),
                DefaultValidator(),
                PiecesArePositive(),
            ],
            logger=self.logger,
        )

    def create_transformation_sequence(self):
        sequence = TransformationSequence([OptionalColumnGuard(schemas=self.schemas)], logger=self.logger)
        sequence.add_transformer(CleanTransformer(self.logger))
        sequence.add_transformers(
            [AddTurnover(self.logger), JoinTransformer("orders", "recipes", "recipe", "work", logger=self.logger)]
        )
        return sequence


class Baking(BaseParameterSet):
    def __init__(self):
        super().__init__("baking")
        self.add_parameters(
            [
                StringParameter("shift", default="night"),
                IntegerParameter("batch", minvalue=1, maxvalue=12, default=6),
                FloatParameter("heat", minvalue=0.5, maxvalue=1.5, default=1.0),
                BooleanParameter("steam", default=True),
                EnumParameter("order", ["due", "price"]),
                MultiEnumParameter("skip", ["rye", "wheat", "spelt"], value=["rye"]),
                IntegerParameter("helpers", required=False, default=2),
            ]
        )

    def validate(self):
        if self["steam"] and self["heat"] > 1.4:
            from algomancy_utils.baseparameterset import ParameterError

            raise ParameterError("With steam the heat is at most 1.4.")


class Opening(BaseParameterSet):
    def __init__(self):
        super().__init__("opening")
        self.add_parameters(
            [
                TimeParameter("start", default=datetime(2026, 3, 1, 4, 30)),
                IntervalParameter("open", default=(datetime(2026, 3, 1), datetime(2026, 3, 31, 12))),
            ]
        )

    def validate(self):
        pass


class Baked(BaseScenarioResult):
    def __init__(self, data_id, minutes, turnover, settings):
        super().__init__(data_id)
        self.minutes, self.turnover, self.settings = minutes, turnover, settings

    def to_dict(self):
        return {"minutes": self.minutes, "turnover": self.turnover, "settings": self.settings}

    def to_json(self):
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, json_string):
        return cls("", **json.loads(json_string))


class Bake(BaseAlgorithm):
    def __init__(self, params):
        super().__init__("Bake", params)

    @staticmethod
    def initialize_parameters():
        return Baking()

    def run(self, data):
        work = data.get_table("work")
        self.set_progress(40)
        minutes = float((work["minutes"] * (work["pieces"] / self.params["batch"])).sum() * self.params["heat"])
        settings = [self.params["shift"], self.params["order"], *self.params["skip"]]
        self.set_progress(100)
        return Baked(data.id, minutes, float(work["turnover"].sum()), settings)


class Open(BaseAlgorithm):
    def __init__(self, params):
        super().__init__("Open", params)

    @staticmethod
    def initialize_parameters():
        return Opening()

    def run(self, data):
        start, end = self.params["open"]
        due = data.get_table("orders")["due"]
        inside = due[(due >= start) & (due <= end)]
        return Baked(data.id, float(len(inside)), 0.0, [self.params["start"].isoformat(), end.isoformat()])


class Burn(BaseAlgorithm):
    def __init__(self, params):
        super().__init__("Burn", params)

    @staticmethod
    def initialize_parameters():
        return Baking()

    def run(self, data):
        self.set_progress(10)
        raise RuntimeError("The oven is on fire.")


class Minutes(BaseKPI):
    def __init__(self):
        super().__init__("Minutes", ImprovementDirection.LOWER, BaseMeasurement(QUANTITIES["time"]["min"]))

    def compute(self, result):
        return result.minutes


class Turnover(BaseKPI):
    def __init__(self):
        super().__init__("Turnover", ImprovementDirection.HIGHER, BaseMeasurement(QUANTITIES["money"]["€"]))

    def compute(self, result):
        return result.turnover


class Share(BaseKPI):
    def __init__(self):
        super().__init__("Share", ImprovementDirection.AT_LEAST, BaseMeasurement(QUANTITIES["percentage"]["%"]), 40.0)

    def compute(self, result):
        if not result.minutes:
            raise KpiError("Nothing was baked.")
        return 100.0 * result.turnover / (result.turnover + result.minutes)


class Loaves(BaseKPI):
    def __init__(self):
        super().__init__("Loaves", ImprovementDirection.AT_MOST, BaseMeasurement(QUANTITIES["count"][""]), threshold=30)

    def compute(self, result):
        return len(result.settings)


SCHEMAS = [Orders, Recipes, Ovens]
ETL = Etl
ALGORITHMS = {"Bake": Bake, "Open": Open, "Burn": Burn}
KPIS = {"Minutes": Minutes, "Turnover": Turnover, "Share": Share, "Loaves": Loaves}
DATA_SOURCE = DataSource

ORDERS = """order_id;recipe;pieces;price;due;urgent;remark
1;rye loaf;24;3.20;2026-03-01 06:00;true;
2;bun;120;0.45;2026-03-01 07:30;false;seeded
3;rye loaf;6;3.20;2026-03-02 06:00;false;
4;brioche;10;;2026-03-02 08:15;true;for the fair
"""
RECIPES = [
    {"recipe": "rye loaf", "minutes": 55, "needs": {"flour": 0.6}, "kind": "bread"},
    {"recipe": "bun", "minutes": 18.5, "needs": {"flour": 0.05}, "kind": "small"},
    {"recipe": "brioche", "minutes": 35, "needs": {"flour": 0.25}, "kind": "small"},
]
OVENS = {"ovens": [["oven", "trays", "since"], ["A", 4, datetime(2019, 5, 1)], ["B", 6, None]]}
FILES = {
    "spring": {"orders.csv": ORDERS, "recipes.json": RECIPES, "ovens.xlsx": OVENS},
    "no pieces": {
        "orders.csv": ORDERS.replace("3;rye loaf;6", "3;rye loaf;0"),
        "recipes.json": RECIPES,
        "ovens.xlsx": OVENS,
    },
    "no remarks": {
        "orders.csv": "\n".join(line.rpartition(";")[0] for line in ORDERS.splitlines()) + "\n",
        "recipes.json": RECIPES,
        "ovens.xlsx": OVENS,
    },
    "no prices column": {
        "orders.csv": "order_id;recipe;pieces;due;urgent\n1;bun;3;2026-03-01 06:00;true\n",
        "recipes.json": RECIPES,
        "ovens.xlsx": OVENS,
    },
}
RUNS = [
    ("as it is", "spring", "Bake", None, None),
    ("hot", "spring", "Bake", {"heat": 1.5, "steam": False, "order": "price", "skip": ["wheat", "spelt"]}, None),
    ("without remarks", "no remarks", "Bake", {"batch": 1}, None),
    ("fire", "spring", "Burn", None, None),
    ("opening", "spring", "Open", None, None),
    ("later", "spring", "Open", {"start": "2026-03-05T05:00:00", "open": ["2026-03-02", "2026-03-20"]}, None),
    ("as it is", "spring", "Bake", None, None),
    ("too much", "spring", "Bake", {"batch": 13}, None),
    ("no data", "summer", "Bake", None, None),
    ("no algorithm", "spring", "Fry", None, None),
]
VALUES = [
    ("Bake", {"batch": 12, "heat": 0.5, "steam": False, "shift": "day", "skip": [], "helpers": 0}),
    ("Bake", {"batch": 13}),
    ("Bake", {"batch": "6"}),
    ("Bake", {"batch": 6.0}),
    ("Bake", {"batch": 6.5}),
    ("Bake", {"batch": True}),
    ("Bake", {"batch": None}),
    ("Bake", {"helpers": None}),
    ("Bake", {"heat": 0.4}),
    ("Bake", {"heat": 1}),
    ("Bake", {"heat": "warm"}),
    ("Bake", {"heat": float("nan")}),
    ("Bake", {"steam": "yes"}),
    ("Bake", {"steam": 1}),
    ("Bake", {"order": "size"}),
    ("Bake", {"skip": ["oats"]}),
    ("Bake", {"skip": "rye"}),
    ("Bake", {"unknown": 1}),
    ("Bake", {"shift": 3}),
    ("Bake", {"shift": ""}),
    ("Bake", {"heat": 1.45}),
    ("Open", {"start": "2026-03-05T05:00:00"}),
    ("Open", {"start": "tomorrow"}),
    ("Open", {"start": 5}),
    ("Open", {"open": ["2026-03-02", "2026-03-20"]}),
    ("Open", {"open": ["2026-03-20", "2026-03-02"]}),
    ("Open", {"open": ["2026-03-20"]}),
]
