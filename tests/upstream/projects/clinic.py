"""A clinic: older `_DATATYPES`, files of many tables, an extractor, a loader and a data source of its own."""

from __future__ import annotations

from io import StringIO

import pandas as pd

from algomancy_data import (
    Column,
    ColumnGroup,
    CSVSingleExtractor,
    DataSource,
    DataSourceLoader,
    DataType,
    DefaultValidator,
    ETLFactory,
    ExtractionSuccessVerification,
    FileExtension,
    JSONMultiExtractor,
    MissingValueValidator,
    Schema,
    SchemaType,
    SchemaValidator,
    SingleExtractor,
    UniqueValueValidator,
    ValidationSequence,
    ValidationSeverity,
    XLSXMultiExtractor,
)
from algomancy_data.extractor import ExtractionSequence
from algomancy_data.transformer import NoopTransformer, TransformationSequence
from algomancy_scenario import (
    BaseAlgorithm,
    BaseKPI,
    BaseParameterSet,
    ImprovementDirection,
    IntegerParameter,
    ScenarioResult,
)
from algomancy_utils import QUANTITIES, BaseMeasurement
from algomancy_utils.baseparameterset import EmptyParameters, EnumParameter


class Rooms(Schema):
    _FILENAME = "rooms"
    _EXTENSION = FileExtension.CSV
    _SCHEMA_TYPE = SchemaType.SINGLE
    _DATATYPES = {"room": DataType.STRING, "beds": DataType.INTEGER, "area": DataType.FLOAT}


class Readings(Schema):
    """Read by the extractor below, from text of a fixed width."""

    _FILENAME = "readings"
    _EXTENSION = FileExtension.CSV
    _SCHEMA_TYPE = SchemaType.SINGLE
    _DATATYPES = {"room": DataType.STRING, "value": DataType.FLOAT}


class Staff(Schema):
    _FILENAME = "staff"
    _EXTENSION = FileExtension.XLSX
    _SCHEMA_TYPE = SchemaType.MULTI
    _DATATYPES = {
        "nurses": {"name": DataType.STRING, "hours": DataType.FLOAT},
        "doctors": {"name": DataType.STRING, "grade": DataType.INTEGER},
    }


class Stays(Schema):
    _FILENAME = "stays"
    _EXTENSION = FileExtension.JSON
    _SCHEMA_TYPE = SchemaType.MULTI

    STAY = ColumnGroup(
        "stay",
        [
            Column("patient", DataType.STRING, primary_key=True),
            Column("room", DataType.STRING),
            Column("nights", DataType.INTEGER),
        ],
    )
    VISIT = ColumnGroup(
        "visit",
        [
            Column("patient", DataType.STRING),
            Column("by", DataType.STRING),
            Column("minutes", DataType.FLOAT, nullable=True),
        ],
        source_path=("visits",),
    )


class FixedWidth(SingleExtractor):
    """Four characters of room, the rest is the value."""

    def _extract_file(self):
        text = self.file.content if self.file.content is not None else self.file.read_contents_from_path()
        lines = StringIO(text).read().splitlines()
        return pd.DataFrame(
            {"room": [line[:4].strip() for line in lines], "value": [line[4:].strip() for line in lines]}
        )


class Wards(DataSource):
    """Knows its beds, counts them again when it is derived, and has a parameter of its own."""

    def __init__(self, ds_type, name=None, validation_messages=None, ds_id=None, creation_datetime=None):
        super().__init__(ds_type, name, validation_messages, ds_id, creation_datetime)
        self.counted = 0

    def _post_derive(self):
        self.counted += 1

    def beds(self):
        return int(self.get_table("rooms")["beds"].sum())

    def initialize_data_parameters(self):
        return Closed()


class Closed(BaseParameterSet):
    def __init__(self):
        super().__init__("closed")
        self.add_parameters(
            [IntegerParameter("beds", minvalue=0, maxvalue=5, default=1), EnumParameter("ward", ["east", "west"])]
        )

    def validate(self):
        pass


class WardsLoader(DataSourceLoader):
    def load(self, name, data, validation_messages, ds_type=None):
        from algomancy_data import DataClassification

        source = Wards(ds_type or DataClassification.MASTER_DATA, name, validation_messages)
        for table, frame in data.items():
            source.add_table(table, frame)
        return source


class Etl(ETLFactory):
    def create_extraction_sequence(self, files=None):
        sequence = ExtractionSequence(logger=self.logger)
        sequence.add_extractor(CSVSingleExtractor(files["rooms"], Rooms, self.logger, separator=","))
        sequence.add_extractor(FixedWidth(files["readings"], Readings, self.logger))
        sequence.add_extractor(XLSXMultiExtractor(files["staff"], Staff, self.logger))
        sequence.add_extractor(JSONMultiExtractor(files["stays"], Stays, self.logger))
        return sequence

    def create_validation_sequence(self):
        sequence = ValidationSequence(logger=self.logger, halt_on=ValidationSeverity.ERROR)
        sequence.add_validator(ExtractionSuccessVerification())
        sequence.add_validators(
            [
                SchemaValidator(self.schemas),
                UniqueValueValidator("rooms", ["room"]),
                MissingValueValidator("rooms", ["area"], severity=ValidationSeverity.WARNING),
                DefaultValidator(),
            ]
        )
        return sequence

    def create_transformation_sequence(self):
        return TransformationSequence([NoopTransformer()], logger=self.logger)

    def create_loader(self):
        return WardsLoader(self.logger)


class Plan(BaseAlgorithm):
    def __init__(self, params):
        super().__init__("Plan", params)

    @staticmethod
    def initialize_parameters():
        return EmptyParameters()

    def run(self, data):
        result = ScenarioResult(data.id)
        result.free = data.beds() - len(data.get_table("stays.stay")) - self.data_params["beds"]
        return result


class Free(BaseKPI):
    def __init__(self):
        super().__init__("Free", ImprovementDirection.HIGHER, BaseMeasurement(QUANTITIES["count"][""], decimals=0))

    def compute(self, result):
        return result.free


class Overfull(BaseKPI):
    def __init__(self):
        super().__init__(
            "Overfull", ImprovementDirection.AT_MOST, BaseMeasurement(QUANTITIES["percentage"]["%"]), threshold=0
        )

    def compute(self, result):
        return 100.0 / result.free


SCHEMAS = [Rooms, Readings, Staff, Stays]
ETL = Etl
ALGORITHMS = {"Plan": Plan}
KPIS = {"Free": Free, "Overfull": Overfull}
DATA_SOURCE = Wards

ROOMS = "room,beds,area\nE1,2,18.5\nE2,1,12\nW1,4,30.25\n"
READINGS = "E1   20.5\nE2   19.25\nW1   21\n"
STAFF = {
    "nurses": [["name", "hours"], ["Ada", 36.5], ["Bo", 24]],
    "doctors": [["name", "grade"], ["Cy", 2]],
}
STAYS = [
    {
        "patient": "p1",
        "room": "E1",
        "nights": 2,
        "visits": [{"by": "Ada", "minutes": 12.5}, {"by": "Cy", "minutes": None}],
    },
    {"patient": "p2", "room": "W1", "nights": 5, "visits": []},
    {"patient": "p3", "room": "W1", "nights": 1, "visits": [{"by": "Bo", "minutes": 7}]},
]


def _files(**changed):
    plain = {"rooms": ROOMS, "readings": READINGS, "staff": STAFF, "stays": STAYS} | changed
    suffixes = {"rooms": "csv", "readings": "csv", "staff": "xlsx", "stays": "json"}
    return {f"{stem}.{suffixes[stem]}": content for stem, content in plain.items()}


FILES = {
    "week 1": _files(),
    "one room twice": _files(rooms=ROOMS + "E1,2,18.5\n"),
    "no area": _files(rooms=ROOMS.replace("18.5", "")),
    "beds in words": _files(rooms=ROOMS.replace("E2,1", "E2,one")),
    "no doctors": _files(staff={"nurses": STAFF["nurses"]}),
    "full": _files(rooms="room,beds,area\nE1,4,18.5\n"),
}
RUNS = [
    ("default", "week 1", "Plan", None, None),
    ("two closed", "week 1", "Plan", None, {"beds": 2, "ward": "west"}),
    ("too many closed", "week 1", "Plan", None, {"beds": 9}),
    ("unknown", "week 1", "Plan", None, {"tables": 1}),
    ("no beds left", "full", "Plan", None, {"beds": 1}),
]
VALUES = [("Plan", {}), ("Plan", {"anything": 1})]
