"""S3 through the door: what is judged is what is served, however the request is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.localaws.conftest import Aws, Signer
from tests.security.raw import Answer, ask, presigned, send

OWN, FOREIGN = "intruders-own", "victims"
# The intruder may do everything in the one bucket, and nothing else.
ALLOWED = [
    {
        "Effect": "Allow",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{OWN}", f"arn:aws:s3:::{OWN}/*"],
    }
]


@dataclass
class Scene:
    """Two buckets with an object each, and somebody who may use only the first."""

    aws: Aws
    intruder: Signer

    def keys(self, bucket: str, account: str) -> list[str]:
        listed = self.aws.client("s3", account).list_objects_v2(Bucket=bucket)
        return [item["Key"] for item in listed.get("Contents", [])]

    def delete(self, body: bytes, bucket: str = FOREIGN, **headers: str) -> Answer:
        options = {"headers": headers} if headers else {}
        return ask(self.intruder, "s3", "POST", f"/{bucket}?delete", body=body, **options)


@pytest.fixture(scope="module")
def scene(aws: Aws) -> Iterator[Scene]:
    aws.role("prod", "intruder", allow=ALLOWED)
    place: Any = {"LocationConstraint": aws.region}
    for account, bucket in (("prod", OWN), ("data", FOREIGN)):
        s3 = aws.client("s3", account)
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        s3.put_object(Bucket=bucket, Key="secret", Body=b"of " + bucket.encode())
    # An object whose key looks like a bucket and a key.
    aws.client("s3", "prod").put_object(Bucket=OWN, Key=f"{FOREIGN}/secret", Body=b"mine")
    yield Scene(aws, aws.assume("prod", "intruder"))


def test_a_plain_copy_within_the_own_bucket_is_allowed(scene: Scene) -> None:
    headers = {"x-amz-copy-source": f"/{OWN}/secret"}
    answer = ask(scene.intruder, "s3", "PUT", f"/{OWN}/plain-copy", headers=headers)
    assert answer.status == 200
    body = scene.aws.client("s3", "prod").get_object(Bucket=OWN, Key="plain-copy")["Body"].read()
    assert body == b"of intruders-own"


@pytest.mark.parametrize(
    "source",
    [
        f"//{OWN}/{FOREIGN}/secret",
        f"///{OWN}/{FOREIGN}/secret",
        f"{OWN}://x/{FOREIGN}/secret",
        f"http://{OWN}/{FOREIGN}/secret",
        f"//{FOREIGN}/secret",
        f"%2F%2F{OWN}%2F{FOREIGN}%2Fsecret",
        f"{OWN}#/{FOREIGN}/secret",
        f"{OWN};x/{FOREIGN}/secret",
        f"{OWN}?x=/{FOREIGN}/secret",
        f"{FOREIGN}/secret",
        f"{FOREIGN}%2Fsecret",
        f"/{FOREIGN}/secret?versionId=null",
        OWN,
        "/",
    ],
)
def test_a_copy_source_has_one_reading(scene: Scene, source: str) -> None:
    headers = {"x-amz-copy-source": source}
    answer = ask(scene.intruder, "s3", "PUT", f"/{OWN}/copied", headers=headers)
    assert answer.refused
    assert "copied" not in scene.keys(OWN, "prod")


def test_a_copy_source_in_the_query_is_judged_like_the_header(scene: Scene) -> None:
    target = presigned(scene.intruder, "PUT", f"/{OWN}/copied?x-amz-copy-source={FOREIGN}%2Fsecret")
    assert send(scene.intruder, "PUT", target, host(scene), b"").status == 403
    assert "copied" not in scene.keys(OWN, "prod")


def host(scene: Scene) -> dict[str, str]:
    return {"Host": scene.aws.endpoint.rpartition("/")[2]}


DELETIONS = {
    "an attribute": b'<Delete><Object x="1"><Key>secret</Key></Object></Delete>',
    "UTF-16": '<?xml version="1.0" encoding="UTF-16"?><Delete><Object><Key>secret</Key></Object>'
    "</Delete>".encode("utf-16"),
    "a namespace": b'<d:Delete xmlns:d="http://s3.amazonaws.com/doc/2006-03-01/"><d:Object>'
    b"<d:Key>secret</d:Key></d:Object></d:Delete>",
    "a blank in the tag": b"<Delete><Object ><Key >secret</Key ></Object ></Delete>",
    "a comment": b"<Delete><!-- <Object><Key>x</Key></Object> --><Object><Key>sec<!-- -->ret</Key>"
    b"</Object></Delete>",
    "CDATA": b"<Delete><Object><Key><![CDATA[secret]]></Key></Object></Delete>",
    "a character reference": b"<Delete><Object><Key>&#115;ecret</Key></Object></Delete>",
    "two keys": b"<Delete><Object><Key>x</Key><Key>secret</Key></Object></Delete>",
    "no object": b"<Delete></Delete>",
    "no body": b"",
    "no XML": b"secret",
    "another root": b"<Remove><Object><Key>secret</Key></Object></Remove>",
    "an entity": b'<!DOCTYPE d [<!ENTITY k "secret">]><Delete><Object><Key>&k;</Key></Object>'
    b"</Delete>",
}


@pytest.mark.parametrize("body", DELETIONS.values(), ids=DELETIONS.keys())
def test_a_deletion_is_judged_by_what_it_deletes(scene: Scene, body: bytes) -> None:
    assert scene.delete(body).refused
    assert scene.keys(FOREIGN, "data") == ["secret"]


def test_a_form_is_no_way_to_smuggle_a_second_body(scene: Scene) -> None:
    form = (
        b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n'
        b"<Delete><Object><Key>secret</Key></Object></Delete>\r\n--x\r\n"
        b'Content-Disposition: form-data; name="key"\r\n\r\nsecret\r\n--x--\r\n'
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = ask(scene.intruder, "s3", "POST", f"/{FOREIGN}?delete", headers=headers, body=form)
    assert answer.refused
    assert scene.keys(FOREIGN, "data") == ["secret"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_deletion_in_any_encoding_works_for_the_owner(scene: Scene, encoding: str) -> None:
    s3 = scene.aws.client("s3", "prod")
    s3.put_object(Bucket=OWN, Key="tö delete", Body=b"x")
    text = f'<?xml version="1.0" encoding="{encoding}"?>'
    text += '<Delete><Object x="1"><Key>tö delete</Key></Object></Delete>'
    assert scene.delete(text.encode(encoding), OWN).status == 200
    assert "tö delete" not in scene.keys(OWN, "prod")


@pytest.mark.parametrize(
    "query",
    ["location&uploads", "acl&policy", "versions&uploads", "prefix=a&prefix=b"],
)
def test_a_query_names_one_operation(scene: Scene, query: str) -> None:
    answer = ask(scene.intruder, "s3", "GET", f"/{OWN}?{query}")
    assert answer.status == 400
    assert "InvalidArgument" in answer.text


@pytest.mark.parametrize(
    "target",
    [
        f"/{OWN}/..%2F{FOREIGN}%2Fsecret",
        f"/{OWN}/../{FOREIGN}/secret",
        f"//{FOREIGN}/secret",
        f"/{FOREIGN}/secret;x",
        f"/{FOREIGN}/secret#x",
        "/%76ictims/secret",
        f"/{FOREIGN}%2Fsecret",
    ],
)
def test_a_path_has_one_reading(scene: Scene, target: str) -> None:
    answer = ask(scene.intruder, "s3", "GET", target)
    assert answer.refused
    assert "of victims" not in answer.text


def test_a_bucket_in_the_hosts_name_is_judged(scene: Scene) -> None:
    headers = {"Host": f"{FOREIGN}.s3.amazonaws.com"}
    answer = ask(scene.intruder, "s3", "GET", "/secret", headers=headers)
    assert answer.refused
    assert "of victims" not in answer.text


@pytest.mark.parametrize("operation", ["?versioning", "?tagging", "?lifecycle", "/key?uploadId=x"])
@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        b"<a>" * 5000 + b"</a>" * 5000,
        b"<a",
        b"\xff\xfe<",
        b'<?xml version="1.0" encoding="no-such"?><a/>',
    ],
)
def test_a_document_that_is_none_is_refused(scene: Scene, operation: str, body: bytes) -> None:
    method = "POST" if "uploadId" in operation else "PUT"
    answer = ask(scene.intruder, "s3", method, f"/{OWN}{operation}", body=body)
    assert answer.refused
    assert "root:" not in answer.text
