"""Which extractor reads which kind of file.

A factory that leaves extraction to the schemas (`ETLFactory.create_extraction_sequence`) looks here. Register a class
of your own once, when your project is imported; it holds for the whole process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from algomancy_data.schema import FileExtension, SchemaType

if TYPE_CHECKING:
    from algomancy_data.extractor import Extractor

_REGISTERED: dict[tuple[FileExtension, SchemaType], type[Extractor]] = {}


def register_extractor(extension: FileExtension, schema_type: SchemaType, cls: type[Extractor]) -> None:
    """Let a class read files of a kind, in place of the one that did.

    Args:
        extension: The kind of file.
        schema_type: Whether such a file holds one table or several.
        cls: The class; it is made with a file, its schema and a logger.
    """
    _classes()[FileExtension(extension), SchemaType(schema_type)] = cls


def get_extractor_class(extension: FileExtension, schema_type: SchemaType) -> type[Extractor] | None:
    """Return the class that reads files of a kind, or None."""
    return _classes().get((extension, schema_type))


def registered_keys() -> tuple[tuple[FileExtension, SchemaType], ...]:
    """Return the kinds of file that can be read, in the order in which they were registered."""
    return tuple(_classes())


def _classes() -> dict[tuple[FileExtension, SchemaType], type[Extractor]]:
    if not _REGISTERED:
        # Here, as the extractors' module imports this one's neighbours.
        from algomancy_data.extractor import EXTRACTORS

        _REGISTERED.update(EXTRACTORS)
    return _REGISTERED
