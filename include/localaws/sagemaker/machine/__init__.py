"""What stands in for a container: environments, processes, folders, transfers from S3."""
