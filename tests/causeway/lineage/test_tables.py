import base64

from causeway.lineage.tables import group_rows, lineage_rows, model_rows, source_rows
from tests.causeway.lineage.world import PEOPLE, RAW, lineage

WORLD = lineage()


def test_rows_have_the_columns_of_the_public_helper() -> None:
    rows = lineage_rows(WORLD.whole("credit_risk/1"))
    assert list(rows[0]) == [
        *("Name/Source", "Association", "Name/Destination"),
        *("Artifact Source ARN", "Artifact Destination ARN", "Source URI"),
        *("Base64 Feature Store Query String", "Git URL"),
    ]
    queries = {row["Base64 Feature Store Query String"] for row in rows} - {None}
    assert [base64.b64decode(query) for query in queries] == [b"SELECT 1"]
    links = {row["Git URL"] for row in rows} - {None}
    assert links == {
        f"https://github.com/acme/models/tree/{'c' * 40}",
        f"https://gitlab.example.com/acme/models/-/tree/{'d' * 40}",
    }


def test_groups_sources_and_models_as_the_helper_has_them() -> None:
    (group,) = group_rows(WORLD.feature_groups_of(f"{RAW}/people-1.csv"))
    assert group["Feature Group Name"] == "people" and group["Feature Group ARN"] == PEOPLE
    (source,) = source_rows(WORLD.sources_of("loans"))
    assert source == {
        "Datset Name": "loans-1.csv",
        "Dataset Artifact ARN": f"{RAW}/loans-1.csv",
        "Dataset S3 URI": f"{RAW}/loans-1.csv",
    }
    models = model_rows(WORLD.whole("people.income"))
    assert [(row["SageMaker Model Name"], row["Created By"]) for row in models] == [
        ("credit-risk/2", "trainer"),
        ("fraud/1", "trainer"),
    ]
