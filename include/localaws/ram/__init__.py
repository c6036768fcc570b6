"""AWS Resource Access Manager: shares of feature groups, model groups and catalogs."""
