"""Training: candidates, job requests, adoption of jobs, pipelines and tracking servers."""
