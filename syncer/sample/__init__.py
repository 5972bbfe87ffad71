"""A made-up shop: orders of twenty countries with the dirt of real life, as a DuckDB file."""
