"""Datasets: the declared table, its query, and its digest and documents."""
