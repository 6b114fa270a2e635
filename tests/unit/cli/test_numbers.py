"""Numbers that nobody means, in every place where the command line takes one: wrong use, in one short line."""

from __future__ import annotations

from pathlib import Path

import pytest

from netwright.cli.main import run

LONG = "9" * 5000
PODS = "".join(
    f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop}}\n" for name in ("web", "db")
)


def fails(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    capfd.readouterr()
    assert run(list(arguments)) == 2
    told = capfd.readouterr()
    assert not told.out
    assert len(told.err) < 400
    return told.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("why", "shop/web", f"shop/db:{LONG}", "-f", "{file}"),
        ("why", "shop/web", "shop/db:80", "--protocol", LONG, "-f", "{file}"),
        ("why", "shop/web", f"cidr/10.0.0.0/{LONG}:80", "-f", "{file}"),
        ("reach", "{file}", "--port", LONG),
        ("reach", "{file}", "--port", f"80-{LONG}"),
        ("reach", "{file}", "--port", "TCP/-80"),
        ("reach", "{file}", "--port", "\u017fCTP/80"),
        ("reach", "{file}", "--from", "shop/web", "--hops", LONG),
        ("reach", "{file}", "--from", "shop/web", "--hops", "0"),
        ("reach", "{file}", "--pod-cidr", f"10.0.0.0/{LONG}"),
    ],
)
def test_numbers_of_thousands_of_digits(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    file = tmp_path / "pods.yaml"
    file.write_text(PODS)
    fails(capfd, *(argument.replace("{file}", str(file)) for argument in arguments))


@pytest.mark.parametrize(
    "question",
    [
        '{"from":"shop/web","to":"shop/db","port":80,"port":81}',
        '{"from":"shop/web","to":"shop/db","protocol":"ICMP","icmp":{"type":8,"type":0}}',
        '{"from":"shop/web","to":"shop/db","port":""}',
        f'{{"from":"shop/web","to":"shop/db","port":"{LONG}"}}',
        f'{{"from":"shop/web","to":"shop/db","port":{LONG}}}',
        '{"from":"shop/web","to":"shop/db","port":1e400}',
        f'{{"from":"shop/web","to":"shop/db","port":80,"protocol":"{LONG}"}}',
    ],
)
def test_questions_that_say_nothing_or_two_things(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, question: str
) -> None:
    file, asked = tmp_path / "pods.yaml", tmp_path / "asked.jsonl"
    file.write_text(PODS)
    asked.write_text(question)
    assert "asked.jsonl:1" in fails(capfd, "eval", str(file), "--queries", str(asked)).replace("\n", "").replace(
        " ", ""
    )
