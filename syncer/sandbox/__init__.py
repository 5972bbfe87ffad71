"""Meta's side on this machine: a local Conversions API; imports nothing of syncer."""
