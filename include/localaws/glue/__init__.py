"""Glue's Data Catalog: databases, tables, and the policy that shares them."""
