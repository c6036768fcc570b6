# One image for every service of docker-compose.yaml: the project, and an environment for each of
# the container images that the local AWS stands in for.
FROM python:3.11-slim-bookworm

RUN useradd --create-home --uid 50000 causeway
WORKDIR /opt/causeway
COPY requirements.txt requirements-jobs-xgboost.txt requirements-jobs-scikit-learn.txt ./
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir -r requirements.txt \
 && for image in xgboost scikit-learn; do \
      python -m venv .venv-jobs/$image \
      && .venv-jobs/$image/bin/pip install --no-cache-dir -r requirements-jobs-$image.txt || exit 1; \
    done
COPY --chown=causeway . .
RUN mkdir -p .causeway && chown causeway .causeway

USER causeway
ENV PYTHONPATH=/opt/causeway/include:/opt/causeway/plugins:/opt/causeway \
    PYTHONUNBUFFERED=1
ENTRYPOINT ["/opt/causeway/.venv/bin/python", "-m"]
