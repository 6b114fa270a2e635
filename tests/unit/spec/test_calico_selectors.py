"""Calico's selectors in the reference evaluator: what is a text of the grammar, and what it is of unknown labels."""

from __future__ import annotations

import pytest

from netwright.spec.calico_rules import ports_of
from netwright.spec.calico_selectors import ALL, OF_NAMESPACE, Labels, parsed, prefixed, selects, where_all
from netwright.spec.reasons import LABEL, NAMESPACE

WEB = Labels({"app": "web", "tier": "front", "team": "", "hash": None}, {OF_NAMESPACE: NAMESPACE})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "yes"),
        ("  ", "yes"),
        ("all()", "yes"),
        ("all( )", "yes"),
        ("app == 'web'", "yes"),
        ('app=="web"', "yes"),
        ("app == 'WEB'", "no"),
        ("app != 'db' && tier != 'front'", "no"),
        ("missing != 'x'", "yes"),
        ("missing == ''", "no"),
        ("team == ''", "yes"),
        ("app in {}", "no"),
        ("app not in {}", "yes"),
        ("app in {'db', \"web\",}", "yes"),
        ("app notin {'web'}", "no"),
        ("missing not in {'web'}", "yes"),
        ("app starts with 'we' && app ends with 'eb' && app contains 'e'", "yes"),
        ("app startswith 'w'", "yes"),
        ("missing contains ''", "no"),
        ("has( app )", "yes"),
        ("! ! has(app)", "yes"),
        ("!has(app) || has(tier) && app == 'web'", "yes"),
        ("!(has(app) || has(tier))", "no"),
        ("hash == 'x'", "perhaps"),
        ("hash != 'x' && app == 'db'", "no"),
        ("hash == 'x' || app == 'web'", "yes"),
        ("has(hash)", "yes"),
        ("!has(missing)", "yes"),
        ("pcns.team == 'red'", "perhaps"),
        ("!has(pcns.team)", "perhaps"),
    ],
)
def test_a_selector_of_labels_of_which_some_are_not_known(text: str, found: str) -> None:
    assert selects(parsed(text), WEB).match == found


@pytest.mark.parametrize(
    "text",
    [
        "app",
        "app =",
        "app = 'web'",
        "app == web",
        "app == 'web",
        "app == 'web' &&",
        "&& app == 'web'",
        "app == 'web' app == 'db'",
        "(app == 'web'",
        "app == 'web')",
        "has app",
        "has()",
        "app in 'web'",
        "app in {'web'",
        "app in {'web' 'db'}",
        "all",
        "app\n== 'web'",
        "ap$p == 'web'",
    ],
)
def test_a_text_out_of_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no selector"):
        parsed(text)


def test_why_a_selector_is_open() -> None:
    assert selects(parsed("hash == 'x' && pcns.team == 'red'"), WEB).reasons == (LABEL, NAMESPACE)


def test_a_selector_of_namespaces() -> None:
    asked = where_all(prefixed(parsed("all() && !global() && team == 'red'"), OF_NAMESPACE), "space")
    assert asked == ("and", ("has", "space"), ("not", ("not", ("has", "space"))), ("==", "pcns.team", "red"))
    assert where_all(ALL, "space") == ("has", "space")


@pytest.mark.parametrize(
    ("listed", "number", "held", "every"),
    [
        ([80], 80, True, False),
        (["80"], 80, True, False),
        (["80:90", "http"], 85, True, False),
        (["80:90"], 91, False, False),
        (["1:65535"], 5, True, True),
        (["0:100", "101:65535"], 5, True, True),
        (["0:100", "102:65535"], 101, False, False),
        (["http"], 80, False, False),
    ],
)
def test_ports_in_a_list(listed: list[int | str], number: int, held: bool, every: bool) -> None:
    assert (ports_of(listed).has(number), ports_of(listed).is_every) == (held, every)
