"""Glue's Data Catalog: databases, tables and the policy that opens them to other accounts."""
