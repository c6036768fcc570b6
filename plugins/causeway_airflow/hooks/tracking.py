"""The MLflow tracking server: where it is, and as whom it is asked.

MLflow is imported when a hook is made: it reads the environment at that moment.
"""

from __future__ import annotations

import logging
import os
import sys

from causeway.errors import CausewayError
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.experiments import Experiment


class TrackingHook:
    """A tracking server: the topology's managed one, or the one of `MLFLOW_TRACKING_URI`.

    A managed server is asked with the credentials of `aws_conn_id`, which renew themselves; where
    it stands, those of the process would be another account's.

    :param aws_conn_id: the connection to reach a managed server with
    :param region_name: not needed, as for every hook: a managed server's ARN says it
    :param tracking_uri: another server
    """

    def __init__(
        self,
        aws_conn_id: str | None = None,
        region_name: str | None = None,
        *,
        tracking_uri: str | None = None,
    ) -> None:
        # MLflow tells its makers what is called, from a thread that changes the environment while
        # others read it (mlflow 3.17.2: a call fails now and then). Set before it is imported.
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        # MLflow asks some fifty times a candidate whether it runs on Databricks, each time by
        # looking for this package on the whole path (mlflow 3.17.2: a quarter of the time that
        # tracking takes). None says that there is none; on Databricks it is loaded by now.
        sys.modules.setdefault("dbruntime", None)  # type: ignore[arg-type]
        from mlflow import MlflowClient

        managed = topology().tracking_server_arn()
        uri = tracking_uri or managed or os.environ.get("MLFLOW_TRACKING_URI")
        if not uri:
            raise CausewayError(
                "there is no MLflow tracking server: MLFLOW_TRACKING_URI is not set",
                next_step="Set it to the server's URL, or to the ARN of a managed one.",
            )
        if uri.startswith("arn:"):
            _sign_with(uri, aws_conn_id)
        else:
            # MLflow asks sagemaker-mlflow for headers whatever the server is, and logs at each call
            # that it has none for a URL (mlflow 3.17.2, sagemaker-mlflow 0.5.0).
            logging.getLogger("mlflow.tracking.request_header.registry").setLevel(logging.ERROR)
        # The run's page is the button of the task; printing it costs a call a run.
        os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
        self.client = MlflowClient(tracking_uri=uri)

    def experiment(self, name: str) -> Experiment:
        """Return an experiment of the server."""
        return Experiment(self.client, name)


def _sign_with(arn: str, aws_conn_id: str | None) -> None:
    """Have calls to a managed server signed with a connection's renewing credentials."""
    import boto3
    import mlflow
    from sagemaker_mlflow import set_session  # type: ignore[import-untyped]

    from causeway_airflow.hooks.artifacts import ArtifactsHook  # loads Airflow's provider

    if not aws_conn_id:
        raise CausewayError(
            f"the MLflow server {arn} needs a connection to its account",
            next_step="Give the tracking hook the connection that the task acts with.",
        )
    session = ArtifactsHook(aws_conn_id, arn.split(":")[3]).get_session()
    set_session(session)
    boto3.DEFAULT_SESSION = session  # with which MLflow reaches the artifacts in S3
    mlflow.set_tracking_uri(arn)  # sagemaker-mlflow reads the server's account and region there
