"""Which `sagemaker-mlflow` action a request to a tracking server is.

Source: SageMaker Developer Guide, "IAM actions supported for MLflow"; paths are those of MLflow's
REST API 2.0. Requests without an action (assessments, gateway, API 3.0) are refused. The guide has
no action for creating a logged model, which MLflow 3 does in `log_model`; that it is `LogModel` is
not verified.
"""

from __future__ import annotations

import re

PREFIX = "/api/2.0/mlflow/"
# method, path below the prefix, action
ACTIONS = """
GET    experiments/get-by-name                            GetExperimentByName
POST   experiments/create                                 CreateExperiment
POST   experiments/search                                 SearchExperiments
GET    experiments/search                                 SearchExperiments
GET    experiments/get                                    GetExperiment
POST   experiments/delete                                 DeleteExperiment
POST   experiments/restore                                RestoreExperiment
POST   experiments/update                                 UpdateExperiment
POST   runs/create                                        CreateRun
POST   runs/update                                        UpdateRun
POST   runs/delete                                        DeleteRun
POST   runs/restore                                       RestoreRun
POST   runs/log-metric                                    LogMetric
POST   runs/log-parameter                                 LogParam
POST   experiments/set-experiment-tag                     SetExperimentTag
POST   runs/set-tag                                       SetTag
PATCH  traces/{request_id}/tags                           SetTraceTag
DELETE traces/{request_id}/tags                           DeleteTraceTag
POST   runs/delete-tag                                    DeleteTag
GET    runs/get                                           GetRun
POST   runs/search                                        SearchRuns
GET    artifacts/list                                     ListArtifacts
GET    metrics/get-history                                GetMetricHistory
POST   runs/log-batch                                     LogBatch
POST   runs/log-model                                     LogModel
POST   runs/log-inputs                                    LogInputs
POST   runs/outputs                                       LogOutputs
POST   traces                                             StartTrace
PATCH  traces/{request_id}                                EndTrace
GET    traces/{request_id}/info                           GetTraceInfo
GET    traces                                             SearchTraces
POST   traces/delete-traces                               DeleteTraces
POST   logged-models                                      LogModel
PATCH  logged-models/{model_id}                           FinalizeLoggedModel
GET    logged-models/{model_id}                           GetLoggedModel
DELETE logged-models/{model_id}                           DeleteLoggedModel
POST   logged-models/search                               SearchLoggedModels
PATCH  logged-models/{model_id}/tags                      SetLoggedModelTags
DELETE logged-models/{model_id}/tags/{tag_key}            DeleteLoggedModelTag
GET    logged-models/{model_id}/artifacts/directories     ListLoggedModelArtifacts
POST   logged-models/{model_id}/params                    LogLoggedModelParams
POST   registered-models/create                           CreateRegisteredModel
POST   registered-models/rename                           RenameRegisteredModel
PATCH  registered-models/update                           UpdateRegisteredModel
DELETE registered-models/delete                           DeleteRegisteredModel
GET    registered-models/get                              GetRegisteredModel
GET    registered-models/search                           SearchRegisteredModels
POST   registered-models/get-latest-versions              GetLatestModelVersions
GET    registered-models/get-latest-versions              GetLatestModelVersions
POST   model-versions/create                              CreateModelVersion
PATCH  model-versions/update                              UpdateModelVersion
POST   model-versions/transition-stage                    TransitionModelVersionStage
DELETE model-versions/delete                              DeleteModelVersion
GET    model-versions/get                                 GetModelVersion
GET    model-versions/search                              SearchModelVersions
GET    model-versions/get-download-uri                    GetDownloadURIForModelVersionArtifacts
POST   registered-models/set-tag                          SetRegisteredModelTag
POST   model-versions/set-tag                             SetModelVersionTag
DELETE registered-models/delete-tag                       DeleteRegisteredModelTag
DELETE model-versions/delete-tag                          DeleteModelVersionTag
POST   registered-models/alias                            SetRegisteredModelAlias
DELETE registered-models/alias                            DeleteRegisteredModelAlias
GET    registered-models/alias                            GetModelVersionByAlias
"""
_TABLE = [
    (method, re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), action)
    for method, path, action in (line.split() for line in ACTIONS.strip().splitlines())
]


def action_of(method: str, path: str) -> str | None:
    """Return the action of a request, without its service prefix, or None."""
    if not path.startswith(PREFIX):
        return None
    below = path.removeprefix(PREFIX)
    return next(
        (action for verb, pattern, action in _TABLE if verb == method and pattern.fullmatch(below)),
        None,
    )
