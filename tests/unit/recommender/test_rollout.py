from pathlib import Path

import pytest

from recommender.rollout import (
    ROLLOUT,
    Kind,
    Rollout,
    RolloutRefused,
    Trial,
    answering,
    held,
    missing,
    promoted,
    read_rollout,
    rolled_back,
    serving,
    tried,
    write_rollout,
)

KNOWN = ("monday", "tuesday", "wednesday")
CUSTOMERS = [f"customer-{number}" for number in range(10_000)]


def candidate(version: str = "wednesday", share: float = 10.0) -> Trial:
    return Trial(version, Kind.CANDIDATE, share)


def shadow(version: str = "wednesday", share: float = 10.0) -> Trial:
    return Trial(version, Kind.SHADOW, share)


def included(trial: Trial) -> set[str]:
    return {customer for customer in CUSTOMERS if trial.includes(customer)}


def test_a_candidate_has_its_share_of_the_customers() -> None:
    # Four standard errors of 10,000 draws at 10 % are 1.2 %.
    assert abs(len(included(candidate(share=10.0))) - 1_000) < 120
    assert included(candidate(share=100.0)) == set(CUSTOMERS)


def test_who_is_of_a_smaller_share_is_of_a_larger_one() -> None:
    assert included(candidate(share=5.0)) < included(candidate(share=20.0))


def test_the_next_version_begins_with_other_customers() -> None:
    both = included(candidate("tuesday")) & included(candidate("wednesday"))
    assert abs(len(both) - 100) < 40


def test_a_choice_does_not_change_with_the_program() -> None:
    """Workers and gateways of two releases, on two machines, must agree."""
    first = [number for number, customer in enumerate(CUSTOMERS[:100]) if candidate().includes(customer)]
    assert first == [3, 12, 19, 22, 23, 66, 88, 94]


def test_without_a_word_the_newest_serves() -> None:
    assert serving(Rollout(), KNOWN) == "wednesday"
    assert serving(Rollout(), ()) == ""


def test_while_the_newest_is_tried_the_one_before_it_serves() -> None:
    assert tried(Rollout(), candidate(), KNOWN) == Rollout(serving="tuesday", trial=candidate())


def test_what_is_held_serves_whatever_is_tried() -> None:
    plan = held(Rollout(), KNOWN[:1])
    assert serving(plan, KNOWN) == "monday"
    assert tried(plan, candidate(), KNOWN).serving == "monday"


def test_a_candidate_answers_its_customers_and_a_shadow_nobody() -> None:
    plan = tried(Rollout(), candidate(), KNOWN)
    answered = {customer for customer in CUSTOMERS if answering(plan, KNOWN, customer) == "wednesday"}
    assert answered == included(candidate())
    plan = tried(Rollout(), shadow(), KNOWN)
    assert {answering(plan, KNOWN, customer) for customer in CUSTOMERS} == {"tuesday"}


def test_a_candidate_that_is_gone_answers_nobody() -> None:
    plan = tried(Rollout(), candidate(share=100.0), KNOWN)
    assert answering(plan, KNOWN[:2], "ana") == "tuesday"
    assert missing(plan, KNOWN[:2]) == "wednesday"
    assert missing(plan, KNOWN) == ""


def test_promoted_it_serves_and_newer_ones_wait() -> None:
    plan = promoted(tried(Rollout(), candidate(), KNOWN))
    assert plan == Rollout(serving="wednesday", before="tuesday")
    assert serving(plan, (*KNOWN, "x-thursday")) == "wednesday"


def test_a_trial_that_is_rolled_back_leaves_what_served() -> None:
    plan = tried(Rollout(), candidate(), KNOWN)
    assert rolled_back(plan, KNOWN) == Rollout(serving="tuesday")


def test_a_promotion_that_is_rolled_back_brings_back_what_it_replaced() -> None:
    plan = promoted(tried(held(Rollout(), KNOWN[:1]), candidate(), KNOWN))
    assert rolled_back(plan, KNOWN) == Rollout(serving="monday")


def test_a_training_that_went_wrong_is_rolled_back_to_the_one_before() -> None:
    assert rolled_back(Rollout(), KNOWN) == Rollout(serving="tuesday")


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(RolloutRefused, match="no complete version"):
        tried(Rollout(), candidate("sunday"), KNOWN)
    with pytest.raises(RolloutRefused, match="serves already"):
        tried(Rollout(serving="wednesday"), candidate(), KNOWN)
    with pytest.raises(RolloutRefused, match="only version"):
        tried(Rollout(), candidate("monday"), KNOWN[:1])
    with pytest.raises(RolloutRefused, match="nothing is being tried"):
        promoted(Rollout())
    with pytest.raises(RolloutRefused, match="no version older"):
        rolled_back(Rollout(), KNOWN[:1])
    with pytest.raises(RolloutRefused, match="no version to hold"):
        held(Rollout(), ())


@pytest.mark.parametrize("share", [0.0, -1.0, 100.1, float("nan"), float("inf")])
def test_a_share_is_more_than_nobody_and_at_most_everybody(share: float) -> None:
    with pytest.raises(RolloutRefused, match="--share"):
        tried(Rollout(), candidate(share=share), KNOWN)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert read_rollout(tmp_path) == Rollout()
    for plan in (tried(Rollout(), shadow(), KNOWN), Rollout(serving="monday", before="tuesday"), Rollout()):
        write_rollout(tmp_path, plan)
        assert read_rollout(tmp_path) == plan
    assert [path.name for path in tmp_path.iterdir()] == [ROLLOUT]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b'{"serving": "../../elsewhere"}',
        b'{"serving": "monday", "colour": "red"}',
        b'{"trial": {"version": "monday", "kind": "candidate", "share": 101}}',
        b'{"trial": {"version": "monday", "kind": "canary", "share": 10}}',
    ],
)
def test_a_torn_or_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ROLLOUT).write_bytes(content)
    with pytest.raises(RolloutRefused, match="caudal models follow"):
        read_rollout(tmp_path)


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    write_rollout(tmp_path, Rollout(serving="monday"))
    with pytest.raises(ValueError, match="serving"):
        write_rollout(tmp_path, Rollout(serving="../elsewhere"))
    assert read_rollout(tmp_path).serving == "monday"
