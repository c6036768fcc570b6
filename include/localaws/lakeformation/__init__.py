"""Lake Formation: permissions on tables, in addition to those of Glue and S3."""
