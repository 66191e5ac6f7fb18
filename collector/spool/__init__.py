"""Rows on their way to the lake: a log on disk, chunks, journal, uploads, what dead runs left."""
