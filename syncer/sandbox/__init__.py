"""A stand-in for Meta's Conversions API on this machine; imports nothing of syncer."""
