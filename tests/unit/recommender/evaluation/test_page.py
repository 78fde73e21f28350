from html.parser import HTMLParser

import msgspec

from recommender.evaluation.page import page
from recommender.evaluation.sessions import evaluate_sessions
from tests.unit.recommender.evaluation.test_evaluation import sessions
from tests.unit.recommender.shelves import transactions


class Seen(HTMLParser):
    """What a browser would find, and which tags were left open."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.open: list[str] = []
        self.sources: list[str | None] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.open += [] if tag == "meta" else [tag]
        self.sources += [value for name, value in attributes if name in ("src", "href")]

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def seen(text: str) -> Seen:
    reader = Seen()
    reader.feed(text)
    return reader


def test_a_page_has_every_model_with_every_figure_and_loads_nothing() -> None:
    report = evaluate_sessions(transactions(sessions(*["abc", "xyz"] * 20)), transactions(sessions("abc", "xyz")))
    found = seen(page(report))
    assert (found.open, found.sources) == ([], [])
    for name, figures in report.models.items():
        assert name in found.texts
        assert {f"{value:.4f}" for value in figures.values()} <= set(found.texts)


def test_what_a_report_says_is_text_not_markup() -> None:
    report = evaluate_sessions(transactions(sessions("ab")), transactions(sessions("ab")))
    hostile = msgspec.structs.replace(report, skipped={"<script>alert(1)</script>": 1})
    assert "script" not in page(hostile).replace("&lt;script&gt;", "").replace("&lt;/script&gt;", "")
