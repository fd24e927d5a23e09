"""Backends: where chunks are stored."""

AVAILABLE = ["ram", "file", "s3"]
