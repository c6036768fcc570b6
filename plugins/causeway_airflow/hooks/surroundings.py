"""Quotas, images and the organisation's policies, as far as an account's auditor is shown them."""

from __future__ import annotations

from collections.abc import Sequence

from causeway_airflow.hooks.base import AwsCallError, CausewayHook


class QuotasHook(CausewayHook):
    """SageMaker's quotas of one account."""

    service = "service-quotas"

    def quotas(self) -> dict[str, float] | None:
        """Return the quotas by their names; None where they are not shown."""
        try:
            listed = self.pages("list_service_quotas", "Quotas", ServiceCode="sagemaker")
        except AwsCallError as error:
            self.log.info("quotas: %s", error)
            return None
        return {quota["QuotaName"]: float(quota["Value"]) for quota in listed}


class ImagesHook(CausewayHook):
    """Images in registries, of this account or another."""

    service = "ecr"

    def digest(self, uri: str) -> str | None:
        """Return the digest that an image's tag stands for; None where the registry shows none."""
        registry, _, path = uri.partition("/")
        repository, _, tag = path.partition(":")
        try:
            reply = self.call(
                "batch_get_image",
                registryId=registry.partition(".")[0],
                repositoryName=repository,
                imageIds=[{"imageTag": tag}],
            )
        except AwsCallError as error:
            self.log.info("%s: %s", uri, error)
            return None
        return next((str(image["imageId"]["imageDigest"]) for image in reply["images"]), None)


class SimulationHook(CausewayHook):
    """IAM's simulation, the only way in which an account sees the organisation's policies."""

    service = "iam"

    def allowed_by_organisation(
        self, role_arn: str, actions: Sequence[str]
    ) -> dict[str, bool | None]:
        """Return for each action whether service control policies allow it; None: not shown.

        Source: IAM API reference, `OrganizationsDecisionDetail`.
        """
        answers: dict[str, bool | None] = dict.fromkeys(actions)
        try:
            reply = self.call(
                "simulate_principal_policy", PolicySourceArn=role_arn, ActionNames=list(actions)
            )
        except AwsCallError as error:
            self.log.info("%s: %s", role_arn, error)
            return answers
        for result in reply["EvaluationResults"]:
            detail = result.get("OrganizationsDecisionDetail") or {}
            answers[result["EvalActionName"]] = detail.get("AllowedByOrganizations")
        return answers
