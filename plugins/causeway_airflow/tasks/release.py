"""The release of an artifact into an account: the version that was decided on gets the tag.

Deployers and endpoints read no other version of an artifact (the policies of the accounts and of
the shared bucket say so), and only the releaser may tag. So a deployment needs two duties.
"""

from __future__ import annotations

import logging

from causeway.governance.decisions import Decision
from causeway.versions.registry import ARTIFACT_VERSION, RELEASED, RELEASES, RegistryVersion
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.approved_artifacts import artifacts, cleared
from causeway_airflow.tasks.promotion import Subject

log = logging.getLogger(__name__)


def release(hook: Hooks, subject: Subject, version: RegistryVersion) -> Decision:
    """Tag the artifact's object version for the subject's account; return what lets it in.

    Tags for other accounts stay.

    Raises:
        ApprovalRefused: as `cleared`, which also compares the content of what lies in S3 now.
        StoppedInTheRegistry: somebody has stopped the version there.
    """
    decision = cleared(hook, subject, version)
    files, object_version = artifacts(hook), version.metadata[ARTIFACT_VERSION]
    uri, tag = str(version.model_data_url), RELEASES[subject.role]
    tags = files.tags(uri, object_version)
    if tags.get(tag) != RELEASED:
        files.tag(uri, object_version, {**tags, tag: RELEASED})
        log.info("%s: object version %s of %s tagged %s", version.arn, object_version, uri, tag)
    return decision
