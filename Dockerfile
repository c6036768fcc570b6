# One image for every service of docker-compose.yaml: the project with its two environments.
FROM python:3.11-slim-bookworm

RUN useradd --create-home --uid 50000 causeway
WORKDIR /opt/causeway
COPY requirements.txt requirements-jobs.txt ./
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir -r requirements.txt \
 && python -m venv .venv-jobs && .venv-jobs/bin/pip install --no-cache-dir -r requirements-jobs.txt
COPY --chown=causeway . .
RUN mkdir -p .causeway && chown causeway .causeway

USER causeway
ENV PYTHONPATH=/opt/causeway/include:/opt/causeway/plugins:/opt/causeway \
    PYTHONUNBUFFERED=1
ENTRYPOINT ["/opt/causeway/.venv/bin/python", "-m"]
