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
    XLSXMultiExtractor,
)
from algomancy_data.extractor import ExtractionSequence


class SlottingETLFactory(ETLFactory):
    """Reads `items.csv`, `locations.json` and `planning.xlsx` into four tables, and checks that they fit together."""

    def create_extraction_sequence(self, files: dict[str, File]) -> ExtractionSequence:
        """Read each file with the extractor it needs.

        Args:
            files: The files by logical name.
        """
        extractors = [
            CSVSingleExtractor(files["items"], self.get_schema("items"), self.logger, separator=";"),
            JSONSingleExtractor(files["locations"], self.get_schema("locations"), self.logger),
            XLSXMultiExtractor(files["planning"], self.get_schema("planning"), self.logger),
        ]
        return ExtractionSequence(extractors, self.logger)

    def create_validation_sequence(self) -> ValidationSequence:
        """Check that every column and value is there, that ids are unique, and that what is referred to exists."""
        validators = [
            ExtractionSuccessVerification(logger=self.logger),
            RequiredColumnsValidator(self.schemas, self.logger),
            MissingValueValidator(self.schemas, self.logger),
            PrimaryKeyValidator(self.schemas, self.logger),
            ForeignKeyValidator(self.schemas, self.logger),
        ]
        return ValidationSequence(validators, self.logger)
