"""Text of files in, frozen values out; the only home of pydantic and yaml."""
