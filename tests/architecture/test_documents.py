"""The documents tell the truth: what they link to, name and tabulate is there."""

import re
from pathlib import Path

import pytest

from caudal.cli import assemble
from docs.settings_reference import page
from streams.topics import ALL, Topic
from tests.architecture.sources import ROOMS, ROOT, text

DOCUMENTS = sorted(
    path.relative_to(ROOT)
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md"))
)
ARCHITECTURE = Path("docs/ARCHITECTURE.md")
README = Path("README.md")
FAULT_MATRIX = Path("docs/fault-matrix.md")

LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
ANCHOR = re.compile(r'<a href="([^"]+)">')
TEST = re.compile(r"^test_\w+$")


def links(document: Path) -> list[tuple[str, str]]:
    """Text and target of each link into the repository."""
    found = [*LINK.findall(text(document)), *(("", target) for target in ANCHOR.findall(text(document)))]
    return [(name, target.split("#")[0]) for name, target in found if not re.match(r"\w+:|#", target)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_link_leads_somewhere(document: Path) -> None:
    targets = {target for _, target in links(document)}
    assert {target for target in targets if not (ROOT / document.parent / target).exists()} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_test_that_is_named_exists(document: Path) -> None:
    named = [(name, ROOT / document.parent / target) for name, target in links(document) if TEST.match(name)]
    assert [name for name, file in named if f"def {name}(" not in file.read_text()] == []


def test_every_fault_has_a_test_that_shows_what_happens() -> None:
    rows = re.findall(r"^\| (\d+) \| .+ \| .+ \| (.+) \|$", text(FAULT_MATRIX), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, len(rows) + 1))
    assert len(rows) >= 39
    assert [number for number, shown in rows if not re.match(r"\[test_\w+\]\(", shown)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_path_that_is_named_exists(document: Path) -> None:
    paths = re.findall(r"`((?:[a-z_.]+/)+[\w.-]*|[\w-]+\.(?:toml|yml|lock|md))`", text(document))
    assert {path for path in paths if not (ROOT / path).exists()} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", text(Path("Makefile")), re.MULTILINE))
    assert set(re.findall(r"`(?:[^`]*&& )?make ([a-z]+)", text(document))) - targets == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_command_that_is_named_exists(document: Path) -> None:
    named = set(re.findall(r"`caudal ([a-z]+(?: [a-z]+)?)", text(document)))
    assert {command for command in named if not _is_command(command.split())} == set()


def _is_command(words: list[str]) -> bool:
    app = assemble()
    for word in words:
        if word not in app:
            return False
        app = app[word]
    return True


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_benchmark_that_is_named_exists(document: Path) -> None:
    questions = re.findall(r"python -m benchmarks\.(\w+)", text(document))
    assert {question for question in questions if not (ROOT / "benchmarks" / f"{question}.py").exists()} == set()


def test_the_settings_page_is_made_from_the_settings() -> None:
    assert text(Path("docs/settings.md")) == page(), "run `make docs`"


def test_the_architecture_tells_every_topic_as_it_is_declared() -> None:
    rows = re.findall(r"^\| `([\w.-]+)` \| (.+) \| (.+) \| (.+) \|$", text(ARCHITECTURE), re.MULTILINE)
    assert rows == [(topic.name, topic.job, topic.key, _kept(topic)) for topic in ALL]


def _kept(topic: Topic) -> str:
    if topic.compacted or topic.retention is None:
        return "the newest per key, for ever"
    return f"{topic.retention.days} days"


@pytest.mark.parametrize("room", ROOMS)
def test_the_architecture_has_every_room_in_its_own_words(room: str) -> None:
    introduction = text(Path(room) / "__init__.py").removeprefix('"""').split("\n")[0].rstrip('."').lower()
    said = re.search(rf"^\| \[{room}/\]\([^)]+\) \| (.+?) \| ", text(ARCHITECTURE), re.MULTILINE)
    assert said is not None
    assert introduction.split(":")[0] in said[1].lower()


def test_readme_lists_every_command() -> None:
    commands = {name for name in assemble() if not name.startswith("-")}
    assert {name for name in commands if f"`caudal {name}" not in text(README)} == set()


def test_no_document_speaks_of_the_place_it_was_written_in() -> None:
    told = {str(document): re.findall(r"/home/|/root/|/opt/", text(document)) for document in DOCUMENTS}
    assert {document: found for document, found in told.items() if found} == {}
