"""Training: jobs that are functions of their inputs.

`candidates` draws the hyperparameters; `jobs` builds the requests and their names' digests;
`adoption` decides which attempt to adopt or make; `pipelines` is the same chain as a SageMaker
pipeline; `tracking_servers` asks for a managed MLflow server.
"""
