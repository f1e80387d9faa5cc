"""The generated pages of the documentation site: one module per kind of page, Markdown out."""
