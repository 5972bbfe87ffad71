"""Writes every generated page anew."""

from docs.reference import pages

for path, text in pages().items():
    path.write_text(text, encoding="utf-8")
