"""Any warehouse as Arrow batches: one module per warehouse, found by entry point; never imports syncer."""
