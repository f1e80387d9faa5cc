"""A haulier: relations between tables, cascades of dropped rows, and files that break each rule in turn."""

from __future__ import annotations

from algomancy_data import (
    CascadeDropTransformer,
    CascadeSnapshot,
    Column,
    DataSource,
    DataType,
    ETLFactory,
    ExtractionSuccessVerification,
    FileExtension,
    ForeignKeyValidator,
    PrimaryKeyValidator,
    Relation,
    RequiredColumnsValidator,
    Schema,
    SchemaType,
    SchemaValidator,
    Transformer,
    ValidationSequence,
    ValidationSeverity,
    merge_relations,
    resolve_relations_from_schemas,
)
from algomancy_data.transformer import TransformationSequence, drop_empty, fill_empty
from algomancy_scenario import BaseAlgorithm, BaseKPI, ImprovementDirection, ScenarioResult
from algomancy_utils import QUANTITIES, BaseMeasurement
from algomancy_utils.baseparameterset import EmptyParameters


class Depots(Schema):
    _FILENAME = "depots"
    _EXTENSION = FileExtension.CSV
    _SCHEMA_TYPE = SchemaType.SINGLE

    CODE = Column("depot", DataType.STRING, primary_key=True)
    DOCKS = Column("docks", DataType.INTEGER)


class Trips(Schema):
    _FILENAME = "trips"
    _EXTENSION = FileExtension.CSV
    _SCHEMA_TYPE = SchemaType.SINGLE

    TRIP = Column("trip", DataType.INTEGER, primary_key=True)
    DEPOT = Column("depot", DataType.STRING, foreign_key=("depots", "depot"))
    KM = Column("km", DataType.FLOAT)


class Stops(Schema):
    _FILENAME = "stops"
    _EXTENSION = FileExtension.CSV
    _SCHEMA_TYPE = SchemaType.SINGLE

    TRIP = Column(
        "trip",
        DataType.INTEGER,
        primary_key=True,
        foreign_key=("trips", "trip"),
        parent_requires_child=True,
        track_partial_loss=True,
    )
    NUMBER = Column("number", DataType.INTEGER, primary_key=True)
    TOWN = Column("town", DataType.STRING, nullable=True)


class DropClosedDepots(Transformer):
    def __init__(self, logger=None):
        super().__init__("closed depots", logger)

    def transform(self, data):
        data["depots"] = data["depots"][data["depots"]["docks"] > 0]


class DropStopsWithoutTown(Transformer):
    def transform(self, data):
        data["filled"] = fill_empty(data["stops"].copy())
        data["stops"] = drop_empty(data["stops"])


class Etl(ETLFactory):
    def create_validation_sequence(self):
        return ValidationSequence(
            [
                ExtractionSuccessVerification(),
                RequiredColumnsValidator(self.schemas, severity=ValidationSeverity.CRITICAL),
                SchemaValidator(self.schemas),
                PrimaryKeyValidator(self.schemas),
                *ForeignKeyValidator.from_schemas(self.schemas, severity=ValidationSeverity.WARNING),
            ],
            logger=self.logger,
        )

    def create_transformation_sequence(self):
        snapshot = CascadeSnapshot(schemas=self.schemas, logger=self.logger)
        return TransformationSequence(
            [
                snapshot,
                DropClosedDepots(self.logger),
                DropStopsWithoutTown(),
                CascadeDropTransformer(schemas=self.schemas, snapshot=snapshot, logger=self.logger),
            ],
            logger=self.logger,
        )


class Drive(BaseAlgorithm):
    def __init__(self, params):
        super().__init__("Drive", params)

    @staticmethod
    def initialize_parameters():
        return EmptyParameters()

    def run(self, data):
        result = ScenarioResult(data.id)
        result.km = float(data.get_table("trips")["km"].sum())
        return result


class Distance(BaseKPI):
    def __init__(self):
        super().__init__("Distance", ImprovementDirection.LOWER, BaseMeasurement(QUANTITIES["length"]["km"]))

    def compute(self, result):
        return result.km


def _relations(relations):
    return [
        [
            r.child_table,
            list(r.child_cols),
            r.parent_table,
            list(r.parent_cols),
            r.parent_requires_child,
            r.track_partial_loss,
        ]
        for r in relations
    ]


SCHEMAS = [Depots, Trips, Stops]
ETL = Etl
ALGORITHMS = {"Drive": Drive}
KPIS = {"Distance": Distance}
DATA_SOURCE = DataSource

DEPOTS = "depot;docks\nA;3\nB;0\nC;1\n"
TRIPS = "trip;depot;km\n1;A;120.5\n2;B;80\n3;C;40\n4;A;15.25\n"
STOPS = "trip;number;town\n1;1;Ede\n1;2;\n2;1;Goes\n3;1;Lisse\n4;1;\n"


def _files(**changed):
    return {
        f"{stem}.csv": text for stem, text in ({"depots": DEPOTS, "trips": TRIPS, "stops": STOPS} | changed).items()
    }


FILES = {
    "monday": _files(),
    "all open": _files(depots=DEPOTS.replace("B;0", "B;2"), stops=STOPS.replace(";\n", ";Best\n")),
    "unknown depot": _files(trips=TRIPS + "5;X;10\n"),
    "a trip twice": _files(trips=TRIPS + "4;A;15.25\n"),
    "a trip without number": _files(trips=TRIPS + ";A;15.25\n"),
    "no km": _files(trips="trip;depot\n1;A\n"),
    "km in words": _files(trips=TRIPS.replace("80", "far")),
    "no rows": _files(stops="trip;number;town\n"),
    "one more column": _files(depots=DEPOTS.replace("\n", ";x\n").replace("docks;x", "docks;note")),
    "a trip in words": _files(trips=TRIPS.replace("1;A", "one;A")),
}
RUNS = [
    ("monday", "monday", "Drive", None, None),
    ("all open", "all open", "Drive", {}, {}),
    ("nothing", "no km", "Drive", None, None),
]
VALUES = []
FACTS = {
    "relations": _relations(resolve_relations_from_schemas(SCHEMAS)),
    "merged": _relations(
        merge_relations(
            resolve_relations_from_schemas(SCHEMAS),
            [Relation("trips", ("depot",), "depots", ("depot",), parent_requires_child=True)],
        )
    ),
    "schemas": [
        [
            schema.file_name(),
            str(schema.extension()),
            schema.file_name_with_extension(),
            schema.is_single(),
            list(schema.primary_key()),
            schema.required_columns(),
            {name: str(kind) for name, kind in schema.datatypes().items()},
        ]
        for schema in SCHEMAS
    ],
}
