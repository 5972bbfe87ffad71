"""What the daemon shows: health, metrics, page and API."""
