"""SageMaker's own lineage of one account: artifacts by their address, and associations."""

from __future__ import annotations

from causeway_airflow.hooks.base import AwsCallError, CausewayHook


class SageMakerLineageHook(CausewayHook):
    """Artifacts and associations; what is there already is used."""

    service = "sagemaker"

    def artifact(self, uri: str, kind: str, name: str) -> str:
        """Return the ARN of the artifact of an address, made if there is none.

        There can be only one with a `SourceUri` (SageMaker Developer Guide, "Lineage Tracking
        Entities"), and one of a name.
        """
        listed = self.call("list_artifacts", SourceUri=uri, MaxResults=1)["ArtifactSummaries"]
        if listed:
            return str(listed[0]["ArtifactArn"])
        reply = self.call(
            "create_artifact", ArtifactName=name, Source={"SourceUri": uri}, ArtifactType=kind
        )
        return str(reply["ArtifactArn"])

    def associate(self, source: str, destination: str, kind: str) -> None:
        """Associate two entities, unless they are."""
        try:
            self.call(
                "add_association",
                SourceArn=source,
                DestinationArn=destination,
                AssociationType=kind,
            )
        except AwsCallError as error:
            if not error.exists:
                raise
