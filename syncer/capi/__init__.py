"""The edge to Meta's Conversions API."""
