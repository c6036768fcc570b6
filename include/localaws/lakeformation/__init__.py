"""Lake Formation: who may see and query the tables of a catalogue, beside Glue's and S3's say."""
