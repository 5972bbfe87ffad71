"""What Meta asks for, as data and pure functions, each with its source."""
