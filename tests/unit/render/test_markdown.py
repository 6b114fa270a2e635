"""Comments below a pull request: inert, bounded, danger first; judged by what a Markdown reader makes of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

import netwright as nw
from netwright.cli.main import run
from netwright.questions.check import Checked, Coverage, Withheld
from netwright.questions.diff import Diffed, Moved
from netwright.questions.diff.objects import FieldChange, ObjectChange
from netwright.questions.diff.ways import ExposureChange
from netwright.render.check_markdown import check_markdown
from netwright.render.diff_groups import Names
from netwright.render.diff_markdown import diff_markdown
from netwright.render.escape import plain
from netwright.render.finding_words import summary
from netwright.render.markdown import MOST_BYTES, SHOWN, code, prose
from tests.unit.render.findings import BROKEN, HOSTILE, checked, finding, hostile, intent, provenance

SHOP = Path(__file__).resolve().parents[3] / "examples" / "shop"
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
OURS = re.compile(r"<!-- -->|<!-- netwright:(check|diff) -->|</?details>|<summary>[\w ,]*</summary>|</?code>")
LIVE = re.compile(r"@\w|#\d|https?://|www\.|\b[0-9a-f]{7,40}\b")
"""What GitHub makes links of where it stands as text: mentions, issues, addresses, commits."""
UNKNOWN = {"link_open", "image", "heading_open:1", "s_open", "fence", "code_block", "blockquote_open", "hr"}


def tokens(text: str) -> list[Token]:
    flat: list[Token] = []
    for token in MARKDOWN.parse(text):
        flat += [token, *(token.children or [])]
    return flat


def inert(text: str) -> list[Token]:
    """The tokens of a comment in which nothing is a link, an image, a mention or HTML that is not ours."""
    found = tokens(text)
    assert {t.type for t in found}.isdisjoint(UNKNOWN)
    assert len([t for t in found if t.type == "heading_open"]) == 1
    html = [t.content for t in found if t.type in ("html_inline", "html_block")]
    for content in html:
        assert not OURS.sub("", content).strip(), content
    assert "".join(html).count("<details>") == "".join(html).count("</details>")
    for t in found:
        if t.type == "text":
            assert not LIVE.search(t.content), t.content
    assert len(text.encode()) <= MOST_BYTES
    return found


def in_code(found: Sequence[Token]) -> list[str]:
    return [t.content for t in found if t.type == "code_inline"]


def shown(found: Sequence[Token]) -> str:
    return "".join(t.content for t in found if t.type in ("text", "code_inline"))


def of_check(found: Checked, *, exit_code: int = 1, everything: bool = False) -> str:
    lines = check_markdown(
        found, provenance(), exit_code=exit_code, meaning="exit 1: the answer is no", everything=everything
    )
    return "\n".join(lines) + "\n"


# --- spans ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*HOSTILE, "`", "``a``", " a ", "", "  "])
def test_a_code_span_holds_its_text_and_nothing_else(name: str) -> None:
    found = tokens(f"x {code(name)} y")
    if name.strip():
        assert in_code(found) == [plain(name)]
        assert shown(found) == f"x {plain(name)} y"
    assert not [t for t in found if t.type in ("link_open", "image")]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("around", ["no pod has `{}`", "`{}` and `b`", "mend {}", "`{}", "{}` `a"])
def test_prose_shows_the_name_and_obeys_nothing(name: str, around: str) -> None:
    found = tokens("x " + prose(around.format(name)))
    assert not [t for t in found if t.type in ("link_open", "image")]
    for t in found:
        if t.type == "text":
            assert not LIVE.search(t.content), t.content
        if t.type == "html_inline":
            assert t.content in ("<!-- -->", "<code>", "</code>")
    letters = re.compile(r"[^0-9A-Za-z]")
    assert letters.sub("", plain(name)) in letters.sub("", shown(found)), "nothing of it is lost"


# --- check ------------------------------------------------------------------------------------------------------------


def test_the_example(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SHOP.parent)
    told = nw.load("shop").check()
    worst, note = told.findings[0], next(f for f in told.findings if f.severity == "info")
    assert run(["check", "shop", "-o", "md"]) == 0
    text = capfd.readouterr().out
    assert text.startswith(f"<!-- netwright:check -->\n## netwright check passed: {summary(told)}\n")
    found = inert(text)
    assert f"{worst.file}:{worst.line}:{worst.column}" in in_code(found)
    assert "@platform-team" in in_code(found), "an owner is named and not pinged"
    folded = re.search(r"<details><summary>[^<]*notes?( more)?</summary>", text)
    assert folded is not None
    assert text.index(worst.code) < folded.start() < text.index(note.code)
    both = sum(row.both for row in told.isolation)
    assert f"| isolated both ways | {both} |" in text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_comment_of_hostile_names_is_inert(name: str) -> None:
    row = Coverage(namespace=name, workloads=1, both=0, only_in=0, only_out=0, neither=1, open=0, host=0)
    found = checked(hostile(name), isolation=(row,), intents=(intent("broken", name=name, told=name),), notes=(name,))
    read = inert(of_check(found))
    assert plain(f"{name}.yaml:8:5") in in_code(read)


@pytest.mark.parametrize(("exit_code", "word"), [(0, "passed"), (1, "failed"), (3, "incomplete"), (4, "undecided")])
def test_the_title_is_the_verdict(exit_code: int, word: str) -> None:
    assert f"\n## netwright check {word}: 1 error\n" in of_check(checked(finding()), exit_code=exit_code)


def test_what_follows_the_first_is_folded_unless_all_is_asked_for() -> None:
    found = checked(*(finding(name=f"p{i}") for i in range(SHOWN + 2)), finding(code="NW3002", severity="info"))
    folded = of_check(found)
    inert(folded)
    assert "<details><summary>2 errors, 1 note more</summary>" in folded
    assert folded.index(f"p{SHOWN - 1}`") < folded.index("<details>") < folded.index(f"p{SHOWN}`")
    assert "<details>" not in of_check(found, everything=True)


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("letter", ["x", "é", "\U0001f600"])
def test_it_fits_into_a_comment_and_says_what_was_cut(everything: bool, letter: str) -> None:
    found = checked(*(finding(title=f"p{i} {letter * 300}") for i in range(400)))
    text = of_check(found, everything=everything)
    inert(text)
    assert len(text.encode()) > MOST_BYTES // 2
    (cut,) = re.findall(r"\*\*(\d+) more are left out\*\*", text)
    assert text.count("- **error") + int(cut) == 400
    assert text.rstrip().endswith("the answer is no"), "the end is never cut"


def test_one_finding_that_is_too_long_is_left_out() -> None:
    text = of_check(checked(finding(title="x" * MOST_BYTES)))
    inert(text)
    assert "**1 more are left out**" in text


def test_intents_and_what_does_not_count() -> None:
    known, accepted = finding(state="known", name="old"), finding(state="accepted", name="meant")
    intents = (intent("broken"), intent("undecided", name="other", told="a name fits nothing"), intent("holds"))
    found = checked(known, accepted, finding(code="NW3001", severity="warning"), intents=intents, notes=("a note",))
    text = of_check(found)
    inert(text)
    assert "failed: 1 warning (1 known, 1 accepted), 3 intents: 1 hold, 1 broken, 1 undecided\n" in text
    assert [line.split("**")[1] for line in text.splitlines() if line.startswith("- **")] == [
        "error intent",
        "warning intent",
        "warning NW3001",
    ]
    assert "  - see `db.yaml:7` `NetworkPolicy shop/db` rule 0" in text
    assert "`netwright why shop/web shop/db:5432` tells why" in text
    assert "- a note" in text
    whole = of_check(found, everything=True)
    assert "**error NW2201** (known)" in whole
    assert "**error NW2201** (accepted)" in whole


def test_what_was_withheld_is_told() -> None:
    text = of_check(checked(withheld=(Withheld(code="NW4001", findings=2, reason="half was read"),)))
    assert "- withheld: 2 findings of NW4001, because half was read" in text


def test_a_part_that_could_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.yaml").write_text(BROKEN)
    assert run(["check", ".", "-o", "md"]) == 3
    text = capfd.readouterr().out
    inert(text)
    assert "## netwright check incomplete: 1 error" in text
    assert run(["diff", ".", ".", "-o", "md"]) == 3
    text = capfd.readouterr().out
    inert(text)
    assert "## netwright diff incomplete: no connection was opened, closed or changed" in text
    assert "**part of the input could not be used**" in text


# --- diff -------------------------------------------------------------------------------------------------------------


def diffed(name: str = "api", *, pairs: int = 1) -> Diffed:
    field = FieldChange(path=f"spec.{name}", old=name, new="LoadBalancer")
    service = ObjectChange(
        kind="Service", namespace="shop", name=name, change="changed", fields=(field,), after=f"{name}.yaml:9:3"
    )
    policy = ObjectChange(kind="NetworkPolicy", namespace=name, name="db", change="removed", before="a/np.yaml:1:1")
    way = ExposureChange(
        service=f"svc/shop/{name}",
        port=443,
        protocol="TCP",
        via="LoadBalancer",
        entry="",
        workloads=(f"deploy/shop/{name}",),
        was="",
        now="allow",
        wider=True,
        because=(0,),
    )
    moved = tuple(
        Moved(
            source=f"deploy/a/{name}{i}",
            destination=f"deploy/b/{i}",
            was="none",
            now=f"TCP {i + 1}",
            opened=f"TCP {i + 1}",
            closed="",
            because=(1,),
        )
        for i in range(pairs)
    )
    empty: dict[str, Any] = dict.fromkeys(Diffed.__struct_fields__, ())
    return Diffed(
        **empty | {"exposed": (way,), "opened": moved, "because": (service, policy), "pairs": 12},
    )


def of_diff(found: Diffed, *, everything: bool = False) -> str:
    names = Names(found.outside, (), everything)
    lines = diff_markdown(found, names, exit_code=1, meaning="exit 1", fail_on="any", everything=everything)
    return "\n".join(lines) + "\n"


def test_danger_stands_first_with_its_cause() -> None:
    text = of_diff(diffed())
    found = inert(text)
    assert text.startswith("<!-- netwright:diff -->\n## netwright diff failed: 1 exposed, 1 opened, 0 closed\n")
    assert text.index("EXPOSED") < text.index("- **`+` opened**")
    told = in_code(found)
    assert "internet → svc/shop/api:443 TCP via LoadBalancer (no way in, now open)" in told
    assert told[told.index("Service shop/api") + 1] == "api.yaml:9:3"
    assert "a/np.yaml:1:1" in told


@pytest.mark.parametrize("name", HOSTILE)
def test_a_diff_of_hostile_names_is_inert(name: str) -> None:
    found = inert(of_diff(diffed(name)))
    assert plain(f"Service shop/{name}") in in_code(found)


def test_the_fields_of_a_cause_are_told_once() -> None:
    found = diffed()
    twice = Diffed(**{n: getattr(found, n) for n in Diffed.__struct_fields__} | {"exposed": found.exposed * 2})
    text = of_diff(twice)
    assert text.count("because `Service shop/api`") == 2
    assert text.count("`spec.api`") == 1


@pytest.mark.parametrize("everything", [False, True])
def test_a_great_diff_fits_too(everything: bool) -> None:
    text = of_diff(diffed("x" * 150, pairs=600), everything=everything)
    inert(text)
    (cut,) = re.findall(r"\*\*(\d+) more are left out\*\*", text)
    assert text.count("- **`+` opened**") + int(cut) == 600
    assert text.rstrip().endswith("exit 1 (`--fail-on any`)")


def test_no_difference(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", str(SHOP), str(SHOP), "-o", "md"]) == 0
    text = capfd.readouterr().out
    inert(text)
    assert "## netwright diff passed: no connection was opened, closed or changed" in text
