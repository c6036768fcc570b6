"""Where raw files come from: invented by name, published, or from a declared bucket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from causeway.errors import BadInput
from causeway.ingestion import samples
from causeway.use_cases.contracts import RawData
from causeway_airflow.configuration import case_of
from tests.local_platform import LocalPlatform
from tests.plugins.conftest import context
from tests.plugins.ingesting import engineered, ingest


class TestSample:
    """Invented rows are taken where they are asked for, and are known for what they are."""

    def validated(self, **options: Any) -> dict[str, Any]:
        """Validate as the DAG's first task does."""
        from causeway_airflow.operators.features import ValidateRawOperator
        from tests.plugins.generated import features_dag

        operator = features_dag("credit_risk").get_task("validate")
        for name, value in {"rows": 50, "sample_seed": 9, "as_of": None, **options}.items():
            setattr(operator, name, value)
        operator.sample_over_records = options.get("sample_over_records", False)
        assert isinstance(operator, ValidateRawOperator)
        return dict(operator.perform(context()))  # type: ignore[arg-type]

    def test_without_a_file_nothing_is_taken(self, shared: LocalPlatform) -> None:
        with pytest.raises(BadInput, match=r"no raw file is named\n.*`published`.*`sample`"):
            self.validated(data=None)

    def test_on_real_accounts_it_is_refused(
        self, shared: LocalPlatform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from causeway_airflow.tasks import raw_data

        real = raw_data.topology().model_copy(update={"local": False})
        monkeypatch.setattr(raw_data, "topology", lambda: real)
        with pytest.raises(BadInput, match="is of real accounts, which take no invented rows"):
            self.validated(data="sample", sample_over_records=True)

    def test_over_records_of_another_source_it_needs_the_switch(
        self, shared: LocalPlatform, tmp_path: Path
    ) -> None:
        ingest(engineered(tmp_path, "real"))
        with pytest.raises(BadInput, match=r"(?s)credit-risk-applicant.*`sample_over_records`"):
            self.validated(data="sample")
        assert self.validated(data="sample", sample_over_records=True)["synthetic"] == "yes"

    def test_under_another_name_it_is_known_again(
        self, shared: LocalPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = self.validated(data="sample", sample_over_records=True)
        samples.write("credit_risk", 50, 9, tmp_path / "real.asc")
        samples.write("credit_risk", 50, 10, tmp_path / "other.asc")
        monkeypatch.setenv("CAUSEWAY_INBOX", str(tmp_path))
        for name in ("real.asc", file["uri"]):
            assert self.validated(data=name)["synthetic"] == "yes"
        assert self.validated(data="other.asc")["synthetic"] == "no"

    def test_where_rows_come_from_stays_with_the_group(
        self, shared: LocalPlatform, tmp_path: Path
    ) -> None:
        group = "credit-risk-loan"
        raw = {"data": "mine.csv", "sha256": "a" * 64, "rows": 60, "synthetic": "no"}
        ingest(engineered(tmp_path, "somebody's"))  # rows of which nothing is known
        summary = ingest(engineered(tmp_path, "known"), raw=raw)[group]
        assert summary["origin"] == {
            "source": "mine.csv", "sha256": "a" * 64, "rows": 60, "synthetic": "no",
        }  # fmt: skip
        assert summary["synthetic"] == "unknown"
        invented = ingest(engineered(tmp_path, "invented"), raw=raw | {"synthetic": "yes"})[group]
        assert invented["synthetic"] == "partly"
        assert ingest(engineered(tmp_path, "after"), raw=raw)[group]["synthetic"] == "partly"


class TestPublished:
    """The declared address is loaded from, no other, and its number of rows is checked."""

    def validated(self, monkeypatch: pytest.MonkeyPatch, data: str, rows: int) -> dict[str, Any]:
        from causeway_airflow.operators.features import ValidateRawOperator
        from causeway_airflow.tasks import raw_data

        def fetch(data: RawData, declared: Any, folder: Path) -> Path:
            return samples.write("credit_risk", rows, 5, folder / "raw")

        monkeypatch.setattr(raw_data, "fetch_published", fetch)
        operator = ValidateRawOperator(task_id="validate", use_case="credit_risk", data=data)
        return dict(operator.perform(context()))  # type: ignore[arg-type]

    @pytest.mark.parametrize("data", ["published", "the address"])
    def test_what_is_published_is_stored(
        self, shared: LocalPlatform, monkeypatch: pytest.MonkeyPatch, data: str
    ) -> None:
        declared = case_of("credit_risk").data.published
        assert declared is not None
        source = data if data == "published" else declared.address
        file = self.validated(monkeypatch, source, 1000)
        assert (file["data"], file["rows"]) == (declared.address, 1000)

    def test_another_number_of_rows_is_refused(
        self, shared: LocalPlatform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(BadInput, match="has 999 rows; the contract declares 1000"):
            self.validated(monkeypatch, "published", 999)

    @pytest.mark.parametrize("data", ["https://example.org/x.csv", "http://169.254.169.254/x"])
    def test_another_address_is_refused(
        self, shared: LocalPlatform, monkeypatch: pytest.MonkeyPatch, data: str
    ) -> None:
        with pytest.raises(BadInput, match="is no address that use case credit_risk declares"):
            self.validated(monkeypatch, data, 1000)


class TestLanding:
    """Raw files are taken from the data account's bucket, and from buckets that are declared."""

    def validated(self, uri: str) -> dict[str, Any]:
        from causeway_airflow.operators.features import ValidateRawOperator

        operator = ValidateRawOperator(task_id="validate", use_case="credit_risk", data=uri)
        return dict(operator.perform(context()))  # type: ignore[arg-type]

    def test_a_bucket_that_is_not_declared_is_refused_by_name(self, shared: LocalPlatform) -> None:
        with pytest.raises(BadInput, match=r"(?s)s3://theirs/a\.csv is in no bucket.*`landing`"):
            self.validated("s3://theirs/a.csv")

    def test_a_file_in_a_declared_bucket_is_taken(
        self, shared: LocalPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from causeway.topology.landing import LandingBucket
        from causeway_airflow.tasks import raw_data

        s3, iam = shared.client("s3", "data"), shared.client("iam", "data")
        s3.create_bucket(
            Bucket="landing", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        s3.upload_file(str(samples.write("credit_risk", 60, 3, tmp_path / "raw")), "landing", "raw")
        objects = "arn:aws:s3:::landing/*"
        statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": objects}
        iam.put_role_policy(
            RoleName="causeway-ingester",
            PolicyName="fetch",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        declared = raw_data.topology().model_copy(
            update={"landing": (LandingBucket(bucket="landing"),)}
        )
        monkeypatch.setattr(raw_data, "topology", lambda: declared)
        assert self.validated("s3://landing/raw")["rows"] == 60
