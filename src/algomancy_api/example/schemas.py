"""What the three sample files hold: one of each extension, one of them with two tables."""

from __future__ import annotations

from algomancy_data.schema import Column, ColumnGroup, DataType, FileExtension, Schema, SchemaType


class ItemSchema(Schema):
    """`items.csv`: what is stored."""

    _FILENAME = "items"
    _EXTENSION = FileExtension.CSV
    _SCHEMA_TYPE = SchemaType.SINGLE

    ITEM = Column("item_id", DataType.STRING, primary_key=True)
    DESCRIPTION = Column("description", DataType.STRING)
    CATEGORY = Column("category", DataType.STRING)
    WEIGHT = Column("weight_kg", DataType.FLOAT, description="Items from 15 kg on are kept on the ground level.")
    FRAGILE = Column("fragile", DataType.BOOLEAN)
    INTRODUCED = Column("introduced_on", DataType.DATETIME)
    SUPPLIER = Column("supplier", DataType.STRING, nullable=True)
    MAX_STACK = Column("max_stack", DataType.INTEGER, nullable=True, description="How many may stand on each other.")


class LocationSchema(Schema):
    """`locations.json`: where things can be stored."""

    _FILENAME = "locations"
    _EXTENSION = FileExtension.JSON
    _SCHEMA_TYPE = SchemaType.SINGLE

    LOCATION = Column("location_id", DataType.STRING, primary_key=True)
    ZONE = Column("zone", DataType.STRING)
    LEVEL = Column("level", DataType.INTEGER, description="1 is the ground.")
    CAPACITY = Column("capacity", DataType.INTEGER, description="How many items fit.")
    X = Column("position.x", DataType.FLOAT, description="Metres from the depot, across the aisles.")
    Y = Column("position.y", DataType.FLOAT, description="Metres from the depot, along the aisle.")


class PlanningSchema(Schema):
    """`planning.xlsx`: what is ordered, and where each item is now."""

    _FILENAME = "planning"
    _EXTENSION = FileExtension.XLSX
    _SCHEMA_TYPE = SchemaType.MULTI

    ORDERS = ColumnGroup(
        "orders",
        [
            Column("line", DataType.INTEGER, primary_key=True),
            Column("order_id", DataType.STRING),
            Column("item_id", DataType.STRING, foreign_key=("items", "item_id")),
            Column("quantity", DataType.INTEGER),
            Column("ordered_at", DataType.DATETIME),
        ],
    )
    LAYOUT = ColumnGroup(
        "layout",
        [
            Column("item_id", DataType.STRING, primary_key=True, foreign_key=("items", "item_id")),
            Column("location_id", DataType.STRING, foreign_key=("locations", "location_id")),
        ],
    )


SCHEMAS = [ItemSchema(), LocationSchema(), PlanningSchema()]
"""The schemas of a warehouse dataset."""
