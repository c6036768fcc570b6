from datetime import timedelta

from causeway.deployment import leases
from causeway.deployment.leases import Live
from causeway.topology.account_roles import AccountRole

PROD = AccountRole.PROD
MINUTE = timedelta(minutes=1)


def take(apply, owner, at):
    item = apply(leases.acquire_lease(PROD, "m", owner, now=at, lasting=5 * MINUTE))
    return leases.lease_of(item) if item else None


def test_a_free_lease_is_taken_and_a_held_one_is_not(apply, now) -> None:
    first = take(apply, "run-1", now)
    assert (first.owner, first.fencing) == ("run-1", 1)
    assert take(apply, "run-2", now + MINUTE) is None


def test_a_retry_of_the_same_run_keeps_the_lease(apply, now) -> None:
    take(apply, "run-1", now)
    again = take(apply, "run-1", now + MINUTE)
    assert again.lease_until == now + 6 * MINUTE


def test_a_lease_that_ran_out_goes_to_another_with_a_higher_fencing_number(apply, now) -> None:
    first = take(apply, "run-1", now)
    second = take(apply, "run-2", now + 5 * MINUTE)
    assert second.fencing > first.fencing
    assert apply(leases.release_lease(first)) is None


def test_a_released_lease_is_free_and_its_number_still_grows(apply, now) -> None:
    first = take(apply, "run-1", now)
    assert apply(leases.release_lease(first))
    assert take(apply, "run-2", now).fencing == first.fencing + 1


def test_a_run_that_slept_does_not_overwrite_what_is_live(apply, now, make_version) -> None:
    def live(number: int, fencing: int) -> Live:
        return Live(
            PROD, "m", make_version(number).arn, "a" * 64, "e", f"e-v{number}", "r", fencing, now
        )

    assert apply(leases.write_live(live(1, 1)))
    assert apply(leases.write_live(live(2, 3)))
    assert apply(leases.write_live(live(1, 2))) is None
    assert leases.live_of(apply(leases.write_live(live(2, 3)))) == live(2, 3)


def test_keys_are_of_account_role_and_model() -> None:
    assert leases.lease_key(PROD, "m").item() == {"pk": "LEASE#prod#m", "sk": "LEASE"}
    assert leases.live_key(PROD, "m").item() == {"pk": "ENDPOINT#prod#m", "sk": "LIVE"}
