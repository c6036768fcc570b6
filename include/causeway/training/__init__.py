"""Training: candidates, adoption of jobs, job requests, pipelines and tracking servers."""
