# Two images from one file, each with what its service runs and nothing else:
#   airflow   Airflow's components and MLflow; no local AWS, no moto, no environment of a job
#   localaws  the local AWS, with an environment for each container image that it stands in for
# Both run as the user `causeway` (50000). No image holds a secret or a setting of a deployment.
FROM python:3.11-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONPATH=/opt/causeway/include:/opt/causeway/plugins:/opt/causeway \
    PATH=/opt/causeway/.venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
WORKDIR /opt/causeway
# The folders of the volumes: a named volume takes on the owner of the folder that it is mounted at.
RUN useradd --no-create-home --home-dir /tmp --uid 50000 causeway \
 && mkdir -p .causeway/airflow .causeway/aws .causeway/door .causeway/localaws .causeway/mlflow .causeway/people \
 && chown -R causeway .causeway
ENTRYPOINT ["/opt/causeway/.venv/bin/python", "-m"]

# Environments are built beside what is shipped: no pip cache, and no layer but the packages.
FROM base AS airflow-packages
COPY requirements.txt ./
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt

FROM base AS localaws-packages
COPY requirements-localaws.txt requirements-jobs-xgboost.txt requirements-jobs-scikit-learn.txt ./
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements-localaws.txt \
 && for image in xgboost scikit-learn; do \
      python -m venv .venv-jobs/$image \
      && .venv-jobs/$image/bin/pip install --no-cache-dir --require-hashes -r requirements-jobs-$image.txt || exit 1; \
    done

FROM base AS localaws
COPY --from=localaws-packages /opt/causeway/.venv .venv
COPY --from=localaws-packages /opt/causeway/.venv-jobs .venv-jobs
COPY include/causeway include/causeway
COPY include/localaws include/localaws
COPY include/schemas include/schemas
COPY include/config include/config
USER 50000
CMD ["localaws", "--help"]

# The last stage is what `docker build .` makes.
FROM base AS airflow
COPY --from=airflow-packages /opt/causeway/.venv .venv
COPY dags dags
COPY plugins plugins
COPY stack stack
COPY include/causeway include/causeway
COPY include/causeway_deploy include/causeway_deploy
COPY include/config include/config
COPY include/infra include/infra
COPY include/jobs include/jobs
COPY include/schemas include/schemas
USER 50000
CMD ["airflow", "version"]
