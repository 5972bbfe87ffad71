"""One run, from plan to checkpoint."""
