"""From the three sample files to one dataset."""

from __future__ import annotations

from algomancy_data import (
    CSVSingleExtractor,
    ETLFactory,
    ExtractionSuccessVerification,
    File,
    ForeignKeyValidator,
    JSONSingleExtractor,
    MissingValueValidator,
    PrimaryKeyValidator,
    RequiredColumnsValidator,
    ValidationSequence,
    ValidationSeverity,
    Validator,
    XLSXMultiExtractor,
)
from algomancy_data.extractor import ExtractionSequence


class SlottingETLFactory(ETLFactory):
    """Reads `items.csv`, `locations.json` and `planning.xlsx` into four tables, and checks that they fit together."""

    def create_extraction_sequence(self, files: dict[str, File] | None = None) -> ExtractionSequence:
        """Read each file with the extractor it needs.

        Args:
            files: The files by logical name.
        """
        files = files or {}
        extractors = [
            CSVSingleExtractor(files["items"], self.get_schema("items"), self.logger, separator=";"),
            JSONSingleExtractor(files["locations"], self.get_schema("locations"), self.logger),
            XLSXMultiExtractor(files["planning"], self.get_schema("planning"), self.logger),
        ]
        return ExtractionSequence(extractors, self.logger)

    def create_validation_sequence(self) -> ValidationSequence:
        """Check that every column and value is there, that ids are unique, and that what is referred to exists."""
        validators: list[Validator] = [
            ExtractionSuccessVerification(),
            RequiredColumnsValidator(self.schemas),
            PrimaryKeyValidator(self.schemas),
        ]
        for schema in self.schemas:
            name = schema.file_name()
            groups = {name: schema.columns()} if schema.is_single() else schema.column_groups()
            for group, columns in groups.items():
                table = name if schema.is_single() else f"{name}.{group}"
                needed = [each.name for each in columns.values() if not each.nullable and not each.primary_key]
                validators.append(MissingValueValidator(table, needed))
                validators += [
                    ForeignKeyValidator(table, each.name, *each.foreign_key)
                    for each in columns.values()
                    if each.foreign_key is not None
                ]
        return ValidationSequence(validators, self.logger, halt_on=ValidationSeverity.ERROR)
