"""Engines: what Python functions over chunks, and work that ranks share, run on."""

AVAILABLE = ["cpu", "jl", "joblib", "mpi"]
