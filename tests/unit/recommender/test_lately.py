"""What happens today counts today: clicks of others, and trends, without a training in between."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from recommender.lately import Lately
from recommender.model import Model, make_model
from recommender.placed import Spot, slate_for
from recommender.recent_clicks import NO_CLICKS, Clicks, live_index, newest
from recommender.recommend import Query, recommend, recommend_many
from recommender.records import CLICK
from recommender.session_build import Log, index_sessions, joined
from recommender.session_index import SessionIndex
from recommender.trends import ENOUGH, EVERYWHERE, Trends
from retail.catalog import Item, item_key
from retail.clicks import clicks_of, store_key
from retail.customers import EMPTY, CustomerState, Interaction
from retail.events import Channel, Event
from retail.reference import Reference
from retail.slates import Slate, Source
from tests.shop import DAY, HOUR, MINUTE, NOON, added, bought, customer_who, viewed
from tests.unit.recommender.shelves import random_arrays, trained

ITEMS = 8

SALT = b"salt" * 8

VIEWED, ADDED = Interaction.VIEWED, Interaction.ADDED


def clicks(*told: tuple[int, int, int], kind: Interaction = VIEWED, store: str = "", tick: int = 1000) -> Clicks:
    """told: session, item row and tick of each."""
    records = np.zeros(len(told), CLICK)
    for place, (session, row, at) in enumerate(told):
        records[place] = (session, item_key(f"i{row}"), NOON + at * tick, store_key(store), kind, 0, 0)
    return records


def model(items: int = ITEMS) -> Model:
    return make_model("m", random_arrays(items))


def after(told: Clicks, of: Model | None = None) -> Model:
    """The model with these clicks behind it."""
    of = of or model()
    of.lately.sessions = joined(of.sessions, live_index(newest(NO_CLICKS, told, 10_000, DAY), of.shelf))
    of.lately.trends.take(told)
    return of


def asked(of: Model, state: CustomerState, at: int = NOON, store: str = "") -> Slate:
    return recommend(Query(customer="ben", state=state, at=at, store=store), of, Reference())


TOLD = some.lists(some.tuples(some.integers(1, 4), some.integers(0, ITEMS), some.integers(0, 30)), max_size=40)


@settings(max_examples=60)
@given(TOLD, some.lists(some.integers(0, 40), max_size=4), some.randoms())
def test_whatever_the_pieces_the_order_and_the_repetitions_the_index_is_that_of_the_whole_log(
    told: list[tuple[int, int, int]], cuts: list[int], chance: object
) -> None:
    shelf, whole = model().shelf, newest(NO_CLICKS, clicks(*told), 15, 20_000)
    mixed = [*told, *told[::3]]
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    kept = NO_CLICKS
    for first, last in pairwise(sorted({0, *cuts, len(mixed)})):
        kept = newest(kept, clicks(*mixed[first:last]), 15, 20_000)
    assert (kept == whole).all()
    assert len(kept) == len(whole)
    for one, other in zip(live_index(kept, shelf), live_index(whole, shelf), strict=True):
        np.testing.assert_array_equal(one, other)


def test_of_many_clicks_the_newest_are_kept() -> None:
    told = clicks(*((1, 0, tick) for tick in range(10)))
    assert newest(NO_CLICKS, told, 3, DAY)["at"].tolist() == told["at"][-3:].tolist()
    assert newest(NO_CLICKS, told, 10, 2000)["at"].tolist() == told["at"][-3:].tolist()


def test_sessions_are_in_the_order_in_which_they_ended_and_single_clicks_are_none() -> None:
    of = model()
    index = live_index(
        newest(NO_CLICKS, clicks((2, 1, 0), (1, 2, 1), (1, 3, 2), (2, 4, 3), (3, 5, 4)), 99, DAY), of.shelf
    )
    ordered = [index.clicks[first:last].tolist() for first, last in pairwise(index.starts.tolist())]
    assert ordered == [[2, 3], [1, 4]]


def test_a_click_told_twice_counts_once() -> None:
    once, twice = clicks((1, 0, 0), (1, 2, 1)), clicks((1, 0, 0), (1, 2, 1), (1, 2, 1))
    for one, other in zip(after(once).lately.sessions or (), after(twice).lately.sessions or (), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_others_choose_now_is_answered_in_a_session_like_theirs() -> None:
    told = clicks(*((session, row, 2 * session + turn) for session in range(1, 4) for turn, row in enumerate((0, 7))))
    looking = customer_who(viewed("i0", NOON), reference=Reference())
    assert Source.SIMILAR_SESSIONS not in {item.source for item in asked(model(), looking).items}
    found = {item.item: item.source for item in asked(after(told), looking).items}
    assert found["i7"] in (Source.SIMILAR_SESSIONS, Source.FOLLOWED)


def test_an_item_that_the_model_does_not_know_waits_for_one_that_does() -> None:
    told = newest(NO_CLICKS, clicks((1, 0, 0), (1, 9, 1), (2, 0, 2), (2, 9, 3)), 99, DAY)
    assert not len(live_index(told, model(8).shelf).clicks)
    assert sorted(live_index(told, model(12).shelf).clicks.tolist()) == [0, 0, 9, 9]


def test_a_customers_next_answer_knows_the_last_event() -> None:
    of = trained(
        [("ana", 1, "milk", 0, ""), ("ana", 1, "bread", 0, ""), ("ben", 2, "mug", 0, ""), ("ben", 2, "lamp", 0, "")]
    )
    before, now = EMPTY, customer_who(bought("milk"))
    assert asked(of, before).items[0].source is not Source.BOUGHT_BEFORE
    first = asked(of, now, NOON + HOUR).items[0]
    assert (first.item, first.source) == ("milk", Source.BOUGHT_BEFORE)


def crowd(row: int, sessions: int, tick: int = 0, store: str = "", first: int = 1) -> Clicks:
    return clicks(*((first + n, row, tick) for n in range(sessions)), store=store)


def test_what_many_choose_now_comes_before_what_was_popular() -> None:
    of = model()
    assert asked(of, EMPTY).items[0].item == "i0"
    found = {item.item: item.source for item in asked(after(crowd(5, 4), of), EMPTY).items}
    assert next(iter(found.items())) == ("i5", Source.TRENDING)


def test_one_customer_sets_no_trend() -> None:
    told = clicks(*((1, 5, tick) for tick in range(50)))
    assert not after(told).lately.trends.top(EVERYWHERE, NOON, 5)


def test_a_trend_of_a_store_is_shown_there_alone() -> None:
    of = after(crowd(5, 4, store="s1"))
    assert [item.item for item in asked(of, EMPTY, store="s1").items if item.source is Source.TRENDING] == ["i5"]
    assert not [item for item in asked(of, EMPTY, store="s0").items if item.source is Source.TRENDING]


def test_a_trend_ends() -> None:
    trends = Trends(6 * HOUR)
    trends.take(crowd(5, 4))
    assert trends.top(EVERYWHERE, NOON, 5)
    assert not trends.top(EVERYWHERE, NOON + 2 * HOUR, 5)


def test_a_choice_counts_once_however_much_is_chosen_meanwhile() -> None:
    trends = Trends(HOUR, remembered=4)
    crowd = clicks(*((session, 5, 0) for session in range(1, 5)))
    for other in range(4):
        trends.take(crowd)
        trends.take(clicks((9, other, 0), (10, other, 0), (11, other, 0)))
        trends.take(crowd)
    assert trends.top(EVERYWHERE, NOON, 1)[0].sessions == pytest.approx(4.0, rel=0.01)


def test_a_chain_of_many_stores_keeps_the_best_of_each() -> None:
    trends, stores, items = Trends(HOUR, counters=60), [f"s{n}" for n in range(10)], 40
    for place, store in enumerate(stores):
        for row in range(items):
            # Rows of higher numbers are chosen by more sessions.
            told = [(100_000 * place + 1000 * row + session, row, 0) for session in range(4 + row)]
            trends.take(clicks(*told, store=store))
    counted = [trends.top((store_key(store), -1), NOON, items) for store in stores]
    assert all(len(top) <= 2 * 60 // len(stores) for top in counted)
    assert [top[0].item for top in counted] == [item_key(f"i{items - 1}")] * len(stores)
    assert len(trends.top(EVERYWHERE, NOON, items)) == items


@settings(max_examples=40)
@given(TOLD, some.integers(0, 400))
def test_the_order_of_a_trend_is_the_same_whenever_it_all_happens(told: list[tuple[int, int, int]], days: int) -> None:
    trends, later = Trends(HOUR), Trends(HOUR)
    told = [*told, *((session, 3, 1) for session in range(10, 14))]
    shifted = clicks(*told)
    trends.take(clicks(*told))
    shifted["at"] += days * DAY
    later.take(shifted)
    end = NOON + MINUTE
    one, other = trends.top(EVERYWHERE, end, 5), later.top(EVERYWHERE, end + days * DAY, 5)
    assert [trend.sessions for trend in one] == pytest.approx([trend.sessions for trend in other], rel=1e-6)
    assert 3 < ENOUGH + 1 <= len(one) + ENOUGH


@settings(max_examples=40)
@given(TOLD, some.integers(0, 40))
def test_a_trend_is_the_same_whatever_the_pieces(told: list[tuple[int, int, int]], cut: int) -> None:
    whole, pieces = Trends(HOUR), Trends(HOUR)
    whole.take(clicks(*told))
    for piece in (told[:cut], told[cut:], told[:cut]):
        pieces.take(clicks(*piece))
    one, other = whole.top(EVERYWHERE, NOON, 9), pieces.top(EVERYWHERE, NOON, 9)
    assert [trend.item for trend in one] == [trend.item for trend in other]


def on_channel(told: Clicks, channel: Channel) -> Clicks:
    told["channel"] = list(Channel).index(channel)
    return told


def trending(slate: Slate) -> list[str]:
    return [item.item for item in slate.items if item.source is Source.TRENDING]


def test_who_is_on_a_channel_sees_what_is_chosen_there_and_else_what_is_chosen_anywhere() -> None:
    of = after(np.concatenate([on_channel(crowd(5, 4), Channel.APP), on_channel(crowd(6, 9, first=50), Channel.WEB)]))
    in_the_app = customer_who(viewed("i0", NOON, channel=Channel.APP), reference=Reference())
    by_mail = customer_who(viewed("i0", NOON, channel=Channel.SERVICE), reference=Reference())
    assert trending(asked(of, in_the_app)) == ["i5"]
    assert trending(asked(of, by_mail)) == trending(asked(of, EMPTY)) == ["i6", "i5"]
    assert trending(asked(of, in_the_app, NOON + HOUR)) == ["i6", "i5"]


def test_who_asks_among_others_sees_the_trend_of_who_asks_alone() -> None:
    of = after(np.concatenate([on_channel(crowd(5, 4), Channel.APP), on_channel(crowd(6, 9, first=50), Channel.WEB)]))
    told = [viewed("i0", at, channel=channel) for channel in Channel for at in (NOON, NOON + HOUR)]
    states = [EMPTY, *(customer_who(event, reference=Reference()) for event in told)]
    queries = [Query(customer="ben", state=state, at=NOON + HOUR) for state in states]
    alone = [recommend_many((query,), of, Reference())[0] for query in queries]
    assert recommend_many(queries, of, Reference()) == alone
    assert len({tuple(trending(slate)) for slate in alone}) > 1


def test_a_category_page_shows_the_trend_of_its_category() -> None:
    of = after(np.concatenate([crowd(row, 30 - row, first=100 * row) for row in range(8)]))
    reference = Reference(items={f"i{row}": Item(id=f"i{row}", category=f"c{row % 4}") for row in range(ITEMS)})
    query = Query(customer="ben", state=EMPTY, at=NOON, placement="category")
    slate = slate_for(query, Spot(category="c3"), of, reference)
    assert trending(slate) == ["i3", "i7"]


@settings(max_examples=40)
@given(TOLD, some.integers(0, 40), some.integers(1, 3))
def test_the_trend_of_a_category_kept_up_is_that_of_all_that_was_told(
    told: list[tuple[int, int, int]], cut: int, kinds: int
) -> None:
    """The sessions that chose each item of it, faded, counted anew."""
    told = [*told, *((session, row, 2) for session in range(10, 14) for row in (1, 2))]
    pieces, among = Trends(HOUR), {item_key(f"i{row}") for row in range(0, ITEMS + 1, kinds)}
    for piece in (told[cut:], told[:cut], told[::2]):
        pieces.take(clicks(*piece))
    first: dict[tuple[int, int], int] = {}
    for session, row, tick in [*told[cut:], *told[:cut]]:
        first.setdefault((session, row), tick)
    counted: dict[int, float] = {}
    for (_, row), tick in first.items():
        counted[item_key(f"i{row}")] = counted.get(item_key(f"i{row}"), 0.0) + np.exp((tick * 1000 - 30_000) / HOUR)
    expected = sorted((-value, item) for item, value in counted.items() if item in among and value >= ENOUGH)
    found = pieces.top(EVERYWHERE, NOON + 30_000, 9, among.__contains__)
    assert sorted((round(-one.sessions, 6), one.item) for one in found) == [
        (round(value, 6), item) for value, item in sorted(expected)
    ]
    for most in range(1, 4):
        everything = pieces.top(EVERYWHERE, NOON + 30_000, most, lambda _: True)
        assert pieces.top(EVERYWHERE, NOON + 30_000, most) == everything


def told_of(event: Event, state: CustomerState, salt: bytes = SALT) -> Clicks:
    return np.frombuffer(b"".join(clicks_of([event], {event.customer: state}, salt)), CLICK)


def test_what_is_told_names_the_item_and_nobody() -> None:
    event = viewed("mug")
    (told,) = told_of(event, customer_who(event)).tolist()
    assert told[1:] == (item_key("mug"), NOON, 0, VIEWED, list(Channel).index(Channel.WEB), 0)
    assert b"ana" not in told_of(event, customer_who(event)).tobytes()


def test_a_session_is_another_one_with_another_salt_or_after_a_pause() -> None:
    first, later = viewed("mug"), viewed("lamp", NOON + 5 * HOUR)
    state = customer_who(first)
    session = told_of(first, state)["session"]
    assert session == told_of(added("mug", NOON + MINUTE), customer_who(first, added("mug", NOON + MINUTE)))["session"]
    assert session != told_of(later, customer_who(first, later))["session"]
    assert session != told_of(first, state, b"other" * 6)["session"]


def test_nothing_learned_changes_nothing() -> None:
    looking = customer_who(viewed("i0", NOON), reference=Reference())
    untouched, empty = model(), after(NO_CLICKS)
    assert asked(untouched, looking) == asked(empty, looking)
    assert Lately().sessions is None


SESSIONS = some.lists(some.lists(some.integers(0, ITEMS - 1), min_size=1, max_size=6), min_size=1, max_size=10)


def built(sessions: list[list[int]]) -> SessionIndex:
    lengths = np.cumsum([0, *map(len, sessions)]).astype(np.int64)
    rows = np.array([row for session in sessions for row in session], np.int32)
    return index_sessions(Log(rows, lengths), np.ones(ITEMS, np.float32))


@settings(max_examples=60)
@given(SESSIONS, SESSIONS)
def test_neighbours_of_a_joined_index_are_those_of_one_build_over_both_logs(
    before: list[list[int]], today: list[list[int]]
) -> None:
    joint, whole = joined(built(before), built(today)), built([*before, *today])
    for name in ("clicks", "starts", "entry_starts", "entries", "places"):
        np.testing.assert_array_equal(getattr(joint, name), getattr(whole, name))
    np.testing.assert_allclose(joint.rarity, whole.rarity, atol=1e-6)
    for item in range(ITEMS):
        one, other = (
            set(index.followers[index.follow_starts[item] : index.follow_starts[item + 1]]) for index in (joint, whole)
        )
        assert one == other
