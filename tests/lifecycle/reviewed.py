"""What the roles may do though no call of the recorded lifecycle needs it: reviewed, with reasons.

An entry that a recorded call uses, or that no template allows any more, fails a test: this list
only gets shorter by itself.
"""

from __future__ import annotations

from typing import NamedTuple


class Reviewed(NamedTuple):
    """A statement's name (see `replay.Place.name`), its action, who needs it and when."""

    statement: str
    action: str
    needed: str


PULLS = (
    "SageMaker pulls a job's or model's image as this role (SageMaker Developer Guide, 'How to use "
    "SageMaker AI execution roles'); the local AWS runs jobs without images"
)
LOGS = "SageMaker looks for the log stream as this role, same page; the local AWS knows its streams"
GRANTED = (
    "AWS's pages grant it and do not say when it is asked for: its managed policies for the "
    "Feature Store (Iceberg tables, which the local AWS has not; tables by the caller of "
    "CreateFeatureGroup), the Athena User Guide, 'Access to databases and tables' (the default "
    "database, partitions one by one)"
)
TAGS = (
    "An EKS Pod Identity's session has tags, which go along to each duty that it takes on (Amazon "
    "EKS User Guide, 'Grant Pods access to AWS resources based on tags'); locally Airflow is a user"
)
#: The duties that Airflow takes on.
DUTIES = (
    "acceptor",
    "alerter",
    "audit-keeper",
    "data-auditor",
    "data-sharer",
    "data-stack-keeper",
    "decider",
    "deployer",
    "eraser",
    "event-reader",
    "explorer",
    "governance-stack-keeper",
    "ingester",
    "lineage-keeper",
    "recorder",
    "registrar",
    "registry-auditor",
    "registry-owner",
    "registry-stack-keeper",
    "registry-sync",
    "releaser",
    "science-auditor",
    "science-stack-keeper",
    "table-reader",
    "trainer",
    "workload-auditor",
    "workload-stack-keeper",
)
EXECUTION = {
    "causeway-feature-execution": "execute",
    "causeway-training-execution": "execute",
    "causeway-serving-execution": "serve",
}

REVIEWED = (
    *(
        Reviewed(f"trust causeway-{duty}#AirflowTakesOnTheDuty", "sts:TagSession", TAGS)
        for duty in DUTIES
    ),
    Reviewed("identity causeway-airflow take-on-duties#TakeOnDuties", "sts:TagSession", TAGS),
    *(
        Reviewed(f"identity {role} {policy}#{sid}", action, reason)
        for role, policy in EXECUTION.items()
        for sid, action, reason in (
            ("SignInToTheImageRegistry", "ecr:GetAuthorizationToken", PULLS),
            ("PullImages", "ecr:BatchCheckLayerAvailability", PULLS),
            ("PullImages", "ecr:BatchGetImage", PULLS),
            ("PullImages", "ecr:GetDownloadUrlForLayer", PULLS),
            (
                "WriteEndpointLogs" if policy == "serve" else "WriteJobLogs",
                "logs:DescribeLogStreams",
                LOGS,
            ),
        )
    ),
    *(
        Reviewed(
            "identity causeway-registry-owner own-the-registry#KeepReadersOfOwnImages",
            action,
            "ConvergePoliciesOperator lets accounts pull images that a topology keeps in this "
            "account; the shipped topology runs AWS's own images",
        )
        for action in ("ecr:GetRepositoryPolicy", "ecr:SetRepositoryPolicy")
    ),
    *(
        Reviewed(
            f"identity causeway-{role}-stack-service keep-resources#{sid}",
            action,
            "CloudFormation acts as this role when a template of resources is changed",
        )
        for role, sid, action in (
            ("science", "KeepWorkGroupAndCatalogue", "athena:DeleteDataCatalog"),
            ("science", "KeepWorkGroupAndCatalogue", "athena:DeleteWorkGroup"),
            ("science", "KeepWorkGroupAndCatalogue", "athena:UpdateDataCatalog"),
            ("science", "KeepWorkGroupAndCatalogue", "athena:UpdateWorkGroup"),
            ("governance", "KeepTheRule", "events:DeleteRule"),
            ("governance", "KeepTheRule", "events:RemoveTargets"),
        )
    ),
    *(
        Reviewed(
            f"identity causeway-{role}-stack-keeper keep-stacks#UpdateTheResources",
            "cloudformation:DescribeStackEvents",
            "the reason of an update that failed",
        )
        for role in ("science", "governance")
    ),
    Reviewed(
        "resource sqs:eu-central-1:*:causeway-registry-events-dlq#RuleDeliversWhatTheQueueRefused",
        "sqs:SendMessage",
        "EventBridge delivers here what it could not deliver to the queue in 24 hours",
    ),
    Reviewed(
        "identity causeway-feature-execution execute#ReadTheMetadataOfIcebergTables",
        "s3:GetObject",
        GRANTED,
    ),
    *(
        Reviewed(
            "identity causeway-ingester ingest#CreateTheTablesOfOfflineStores",
            f"glue:{action}",
            GRANTED,
        )
        for action in ("CreateDatabase", "CreateTable", "GetDatabase", "GetTable", "UpdateTable")
    ),
    *(
        Reviewed("identity causeway-trainer train#UseTheDefaultDatabase", action, GRANTED)
        for action in ("glue:CreateDatabase", "glue:GetDatabase")
    ),
    *(
        Reviewed("identity causeway-trainer train#LookUpTheOwnersTables", action, GRANTED)
        for action in ("glue:BatchGetPartition", "glue:GetPartition")
    ),
    *(
        Reviewed(
            "resource glue:eu-central-1:*:catalog#CausewayConsumersLookUpTrainer", action, GRANTED
        )
        for action in ("glue:BatchGetPartition", "glue:GetPartition")
    ),
    Reviewed(
        "identity causeway-deployer deploy#Deploy",
        "sagemaker:UpdateEndpoint",
        "A later version replaces the one in production by an update; the walk takes one version "
        "there, and the test endpoint is deleted after each test",
    ),
)
