"""Reverse ETL from a data warehouse to Meta's Conversions API."""

__version__ = "0.1.0"
