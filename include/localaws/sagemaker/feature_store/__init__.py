"""The feature store: groups, records, the online and the offline store."""
