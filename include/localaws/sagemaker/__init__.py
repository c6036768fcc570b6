"""SageMaker as the local AWS serves it: registry, feature store, jobs, models and endpoints."""
