import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causeway.errors import ConfigError
from causeway.sharing import policies

actions = st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:ListBucket"])
statements = st.fixed_dictionaries(
    {
        "Effect": st.just("Allow"),
        "Action": st.one_of(actions, st.lists(actions, min_size=1, max_size=3)),
        "Principal": st.sampled_from(["*", {"AWS": "a"}, {"AWS": ["a", "b"]}]),
        "Resource": st.sampled_from(["*", ["x", "y"]]),
    },
    optional={"Sid": st.sampled_from(["Foreign1", "Foreign2", "Foreign3"])},
)
documents = st.one_of(
    st.none(),
    st.lists(statements, max_size=4).map(
        lambda content: {"Version": "2012-10-17", "Id": "mine", "Statement": content}
    ),
)
ours = st.lists(
    st.sampled_from(["CausewayA", "CausewayB", "Foreign1"]), unique=True, max_size=3
).flatmap(
    lambda sids: st.tuples(*[statements.map(lambda s, sid=sid: {**s, "Sid": sid}) for sid in sids])
)


@given(documents, ours)
def test_merging_again_changes_nothing(document, statements_) -> None:
    once = policies.merge(document, statements_)
    assert policies.merge(once, statements_) == once


@given(documents, ours)
def test_foreign_statements_survive_in_their_order(document, statements_) -> None:
    sids = {statement["Sid"] for statement in statements_}
    before = [s for s in (document or {}).get("Statement", []) if s.get("Sid") not in sids]
    after = json.loads(policies.merge(document, statements_))["Statement"]
    assert [s for s in after if s.get("Sid") not in sids] == before
    assert [s for s in after if s.get("Sid") in sids] == sorted(
        statements_, key=lambda s: [x.get("Sid") for x in after].index(s["Sid"])
    )


@given(documents, ours)
def test_what_was_merged_can_be_removed(document, statements_) -> None:
    mine = [s for s in statements_ if s["Sid"].startswith("Causeway")]
    back = policies.remove(policies.merge(document, mine), [s["Sid"] for s in mine])
    assert policies.same(back, document)  # no document says the same as an empty one


@given(st.lists(statements, max_size=4), st.randoms())
def test_the_order_of_statements_and_lists_does_not_matter(statements_, shuffle) -> None:
    turned = [{k: v[::-1] if isinstance(v, list) else v for k, v in s.items()} for s in statements_]
    shuffle.shuffle(turned)
    assert policies.same({"Statement": statements_}, json.dumps({"Statement": turned}))


def test_single_values_and_letter_case_of_actions_do_not_matter() -> None:
    first = {"Sid": "a", "Effect": "Allow", "Action": "S3:getobject", "Principal": "*"}
    second = {
        "Sid": "a",
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Principal": {"AWS": ["*"]},
    }
    assert policies.same({"Statement": first}, {"Statement": [second]})
    assert not policies.same({"Statement": first}, {"Statement": {**second, "Effect": "Deny"}})


@pytest.mark.parametrize("document", ["{", "[]"])
def test_what_is_no_policy_is_refused(document) -> None:
    with pytest.raises(ConfigError):
        policies.merge(document, [])


def test_a_statement_needs_a_sid_of_its_own() -> None:
    for statements_ in ([{"Effect": "Allow"}], [{"Sid": "a"}, {"Sid": "a"}]):
        with pytest.raises(ConfigError, match="Sid"):
            policies.merge(None, statements_)
