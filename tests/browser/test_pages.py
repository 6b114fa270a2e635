"""Pages as people use them: by keyboard, by search, with a screen reader, on paper, with hostile names in them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import netwright as nw
from netwright.render.html.elements import name, tag
from netwright.render.html.network import picture
from netwright.render.html.page import page as whole_page
from netwright.render.html.shell import connections_section, map_section, matrix_section, whole
from tests.browser.conftest import Opened
from tests.browser.pages import HOSTILE, SHOP, pods, poisoned, shop_changed, written

pytestmark = pytest.mark.browser
Open = Callable[..., Opened]
UNFOLD = """() => {
    for (const d of document.querySelectorAll("details")) d.open = true;
    for (const id of ["map-bar", "matrix-bar"])
        for (const b of document.querySelectorAll(`#${id} button`)) if (b.textContent === "Unfold all") b.click();
}"""
CELLS = """() => [...document.querySelectorAll(".matrix td button")].map(b => b.getAttribute("aria-label"))"""


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("page") / "check.html", "check", SHOP)


@pytest.fixture(scope="session")
def change(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("change")
    return written(folder / "diff.html", "diff", SHOP, shop_changed(folder / "after"))


# --- accessibility ----------------------------------------------------------------------------------------------------


def violations(opened: Opened, context: str | None = None, rules: list[str] | None = None) -> list[tuple[str, str]]:
    from axe_playwright_python.sync_playwright import Axe

    options: dict[str, Any] = {"resultTypes": ["violations"]}  # a quarter of the time: of the rest one node is told
    options |= {"runOnly": {"type": "rule", "values": rules}} if rules else {}
    found = Axe().run(opened.page, context=context, options=options).response
    assert found["passes"], "axe looked at nothing"
    return [(v["id"], v["nodes"][0]["html"][:200]) for v in found["violations"]]


@pytest.mark.parametrize("which", ["shop", "change"])
def test_axe_finds_nothing_with_everything_unfolded(
    open_page: Open, request: pytest.FixtureRequest, which: str
) -> None:
    opened = open_page(request.getfixturevalue(which), color_scheme="light", bypass_csp=True)
    opened.run(UNFOLD)
    assert violations(opened) == []
    opened.page.locator(".matrix td button").last.click()
    assert violations(opened, "#why") == []
    opened.press("Escape", "?")
    assert violations(opened, "#keys") == []


@pytest.mark.parametrize("which", ["shop", "change"])
def test_colours_have_contrast_in_the_dark_too(open_page: Open, request: pytest.FixtureRequest, which: str) -> None:
    opened = open_page(request.getfixturevalue(which), color_scheme="dark", bypass_csp=True)
    assert violations(opened, rules=["color-contrast"]) == []
    opened.page.locator(".matrix td button").last.click()
    assert violations(opened, "#why", rules=["color-contrast"]) == []


@pytest.mark.parametrize("which", ["shop", "change"])
@pytest.mark.parametrize("width", [320, 640])
def test_narrow_and_enlarged_pages_scroll_in_one_direction(
    open_page: Open, request: pytest.FixtureRequest, which: str, width: int
) -> None:
    """640 CSS pixels are a window of 1280 at 200 %, 320 at 400 % (WCAG 2.2, 1.4.10)."""
    opened = open_page(request.getfixturevalue(which), width=width)
    opened.run(UNFOLD)
    assert opened.run("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("which", ["shop", "change"])
def test_on_a_telephone_the_search_has_room_and_tables_that_go_on_say_so(
    open_page: Open, request: pytest.FixtureRequest, which: str
) -> None:
    opened = open_page(request.getfixturevalue(which), width=390)
    assert opened.run("document.querySelector('#find').getBoundingClientRect().width") > 200
    opened.page.wait_for_function("document.querySelector('.scroll.wide')")
    cued = opened.run(
        """() => [...document.querySelectorAll(".scroll")].filter(e => e.querySelector("caption")).map(e => [
            e.scrollWidth > e.clientWidth,
            getComputedStyle(e.querySelector("caption"), "::after").content.includes("scroll sideways"),
        ])"""
    )
    assert any(goes_on for goes_on, _ in cued)
    assert [told for _, told in cued] == [goes_on for goes_on, _ in cued]
    opened.page.set_viewport_size({"width": 1280, "height": 900})
    opened.page.wait_for_function("!document.querySelector('.scroll.wide')")


def test_motion_is_off_where_it_is_not_wanted(open_page: Open, shop: Path) -> None:
    still = open_page(shop, reduced_motion="reduce")
    assert still.run("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_on_paper_everything_is_unfolded_and_controls_are_gone(open_page: Open, shop: Path) -> None:
    opened = open_page(shop)
    assert opened.run("document.querySelectorAll('details:not([open])').length") > 0
    opened.run("dispatchEvent(new Event('beforeprint'))")
    opened.page.emulate_media(media="print")
    assert opened.run("document.querySelectorAll('details:not([open])').length") == 0
    for finding in opened.page.locator("article.finding").all():
        assert finding.is_visible()
    assert opened.page.is_visible("#provenance .digest")
    assert not opened.page.is_visible("#find")
    assert not opened.page.is_visible("#filter")
    opened.run("dispatchEvent(new Event('afterprint'))")
    assert opened.run("document.querySelectorAll('details:not([open])').length") > 0


def test_without_its_script_the_page_still_tells_the_findings(open_page: Open, shop: Path) -> None:
    opened = open_page(shop, java_script_enabled=False)
    assert opened.page.locator("article.finding").first.is_visible()
    assert not opened.page.is_visible("#find")
    assert "drawn by the page's own script" in opened.text("#map")


# --- keys -------------------------------------------------------------------------------------------------------------


def test_by_keyboard_from_the_search_to_the_why_of_a_cell(open_page: Open, shop: Path) -> None:
    opened = open_page(shop)
    opened.press("Tab")
    assert opened.run("document.activeElement.className") == "skip"
    opened.press("/")
    assert opened.run("document.activeElement.id") == "find"
    opened.page.keyboard.type("shop/db")
    opened.page.locator("#found:not(:empty)").wait_for()
    opened.press("Escape")
    assert opened.page.input_value("#find") == ""
    opened.press("Tab")
    opened.page.locator(".matrix [tabindex='0']").focus()
    opened.press("End", "ArrowDown", "ArrowUp", "Home", "PageDown", "End")
    label = opened.run("document.activeElement.getAttribute('aria-label')")
    assert label.startswith("shop to shop: allowed")
    assert opened.run("document.querySelectorAll(\".matrix [tabindex='0']\").length") == 1
    opened.press("Enter")
    assert opened.run("document.activeElement.id") == "why-title"
    opened.press("Tab", "Tab", "Enter")
    told = opened.text("#why")
    assert "Egress: what may leave" in told
    assert "Ingress: what may enter" in told
    assert "netwright why" in told
    opened.press("Escape")
    assert not opened.page.is_visible("#why")
    assert opened.run("document.activeElement.getAttribute('aria-label')") == label


def test_a_heading_unfolds_by_enter_and_keeps_the_focus(open_page: Open, shop: Path) -> None:
    opened = open_page(shop)
    opened.page.locator(".matrix tbody th button", has_text="payments").focus()
    opened.press("Enter")
    assert opened.run("document.activeElement.getAttribute('aria-expanded')") == "true"
    opened.press("ArrowDown")
    assert opened.run("document.activeElement.textContent") == "deploy/gateway"
    opened.press("ArrowUp", "Enter")
    assert opened.run("document.activeElement.getAttribute('aria-expanded')") == "false"


def test_keys_lead_to_the_sections_and_list_themselves(open_page: Open, shop: Path) -> None:
    opened = open_page(shop)
    for key, title in (("m", "Map"), ("c", "Connections"), ("x", "Matrix"), ("f", "Findings"), ("p", "Provenance")):
        opened.press(key)
        assert opened.run("document.activeElement.textContent") == title
    opened.press("?")
    assert "find by name" in opened.text("#keys")
    opened.press("Escape")
    assert not opened.page.is_visible("#keys")


def test_keys_of_one_character_can_be_turned_off(open_page: Open, shop: Path) -> None:
    opened = open_page(shop)
    opened.press("?")
    opened.page.locator("#single-keys").uncheck()
    opened.press("Escape")
    assert not opened.page.is_visible("#keys")
    opened.page.locator("#show-keys").focus()
    opened.press("/", "m", "?")
    assert opened.run("document.activeElement.id") == "show-keys"
    assert not opened.page.is_visible("#keys")


def test_the_map_unfolds_and_its_edges_open_their_why_by_keyboard(open_page: Open, shop: Path) -> None:
    opened = open_page(shop)
    assert opened.page.locator(".node").count() == 0
    opened.page.locator(".box[aria-label^='shop,']").focus()
    opened.press("Enter")
    assert opened.page.locator(".node").count() == 5
    assert opened.run("document.activeElement.getAttribute('aria-expanded')") == "true"
    edge = opened.page.locator(".edge[aria-label^='deploy/shop/api to sts/shop/db']")
    assert edge.get_attribute("aria-label") == "deploy/shop/api to sts/shop/db: allowed TCP 5432"
    edge.focus()
    opened.press("Enter")
    told = opened.text("#why")
    assert "deploy/shop/api → sts/shop/db" in told
    assert "NetworkPolicy shop/db rule 0 allows TCP named postgres" in told
    assert "examples/shop/shop/db.yaml:59:7" in told
    assert "netwright why deploy/shop/api sts/shop/db:5432 -f examples/shop" in told


# --- what it shows ----------------------------------------------------------------------------------------------------


def test_the_cells_are_what_reach_answers(open_page: Open, shop: Path) -> None:
    opened = open_page(shop)
    opened.run(UNFOLD)
    data = picture(nw.load(str(SHOP)), []).data
    told = data["families"][0]
    refs = [end[0] for end in told["ends"]]
    wanted = {(a, b): "denied" for a in refs for b in refs}
    for layer, word in (("connected", "allowed"), ("open", "undecided")):
        for source, groups in told[layer]:
            for ports, ends in groups:
                for part in ends.split(","):
                    low, _, high = part.partition("-")
                    for to in range(int(low), int(high or low) + 1):
                        key = (refs[source], refs[to])
                        said = f"{word} {data['ports'][ports][0]}"
                        wanted[key] = said if wanted[key] == "denied" else f"{wanted[key]}; {said}"
    wanted["pod/legacy/toolbox", "pod/legacy/toolbox"] = "itself"
    shown = {}
    for label in opened.run(CELLS):
        ends, _, said = label.partition(": ")
        source, _, to = ends.partition(" to ")
        if source in refs and to in refs:
            shown[source, to] = said
    assert shown == wanted


def test_the_map_starts_folded_hides_dns_and_marks_danger_with_a_word(open_page: Open, shop: Path) -> None:
    opened = open_page(shop)
    boxes = opened.run("[...document.querySelectorAll('.box')].map(b => b.getAttribute('aria-label'))")
    assert "legacy, 3 workloads, exposed" in boxes
    assert "payments, 2 workloads" in boxes
    assert len(boxes) == 8
    assert "! exposed" in opened.text("#map-canvas")
    assert opened.page.locator(".edge[aria-label*='TCP 53']").count() == 0
    opened.page.get_by_label("Hide DNS (port 53 alone)").uncheck()
    assert opened.page.locator(".edge[aria-label*='TCP 53']").count() > 0
    way = opened.page.locator(".edge.danger[aria-label*='svc/legacy/orders:8080']")
    way.dispatch_event("click")
    assert "netwright why internet svc/legacy/orders:8080 -f examples/shop" in opened.text("#why")


def test_the_list_is_the_twin_of_the_map(open_page: Open, shop: Path) -> None:
    """Every edge that is drawn stands in the list with the same ends and ports."""
    opened = open_page(shop)
    opened.page.get_by_label("Hide DNS (port 53 alone)").uncheck()
    opened.page.get_by_label("Show undecided").check()
    cells = "[...r.children].map(c => c.textContent)"
    rows = opened.run(f"[...document.querySelectorAll('#connections-table tbody tr')].map(r => {cells})")
    listed = {(r[0], r[1], r[3].split(" ")[-1], r[2]) for r in rows}
    edges = opened.run("[...document.querySelectorAll('.edge')].map(e => e.getAttribute('aria-label'))")
    compared = 0
    for label in edges:
        ends, _, said = label.partition(": ")
        if said.startswith("way in"):
            service = said.removeprefix("way in: ").partition(" via ")[0]
            assert any(r[1] == service for r in rows), label
            continue
        both = said.endswith(", both ways")
        word, _, ports = said.removesuffix(", both ways").partition(" ")
        source, _, to = ends.partition(" and " if both else " to ")
        for pair in [(source, to), (to, source)] if both else [(source, to)]:
            assert (*pair, word, ports) in listed, label
            compared += 1
    assert compared > 20


def test_findings_are_filtered_by_severity_code_and_name(open_page: Open, shop: Path) -> None:
    opened = open_page(shop)
    shown = "[...document.querySelectorAll('article.finding')].filter(f => !f.hidden).map(f => f.dataset.code)"
    found = json.loads(opened.page.locator("#answer").text_content())["findings"]
    assert sorted(opened.run(shown)) == sorted(f["code"] for f in found)
    opened.page.locator("[data-severity='warning'][type='checkbox']").uncheck()
    assert sorted(opened.run(shown)) == sorted(f["code"] for f in found if f["severity"] != "warning")
    opened.page.locator("[data-severity='warning'][type='checkbox']").check()
    code = found[-1]["code"]
    opened.page.select_option("#of-code", code)
    assert set(opened.run(shown)) == {code}
    opened.page.select_option("#of-code", "")
    opened.page.fill("#find", "toolbox")
    opened.page.locator("#found:not(:empty)").wait_for()
    wanted = sorted(f["code"] for f in found if "toolbox" in json.dumps([f["title"], f["name"], f["workloads"]]))
    assert sorted(opened.run(shown)) == wanted
    assert 0 < len(wanted) < len(found)
    assert opened.text("#found").startswith(f"{len(wanted)} finding")
    names = opened.run("[...document.querySelectorAll('#connections-table tbody tr')].map(r => r.textContent)")
    assert names
    assert all("toolbox" in row for row in names)


def test_the_page_of_a_diff_shows_its_causes(open_page: Open, change: Path) -> None:
    opened = open_page(change)
    told = opened.text("#changes")
    assert told.index("EXPOSED") < told.index("opened") < told.index("closed")
    assert "spec.type: NodePort → LoadBalancer" in told
    opened.run(UNFOLD)
    opened.page.locator(".matrix td button[aria-label='deploy/shop/web to sts/shop/db: opened TCP 5432']").click()
    why = opened.text("#why")
    assert "+ opened TCP 5432" in why
    assert "NetworkPolicy shop/db changed" in why
    assert "shop/db.yaml:62:15" in why
    assert "spec.ingress[0].from[0].podSelector.matchLabels.tier: frontend → absent" in why
    assert "netwright why deploy/shop/web sts/shop/db:5432 -f examples/shop" in why


# --- hostile input and much of it -------------------------------------------------------------------------------------


def test_hostile_names_are_text_wherever_they_stand(open_page: Open, tmp_path: Path) -> None:
    """Every string of the data that is a name, a file, a line of text or a reason carries a script and an image."""
    data = poisoned(picture(nw.load(str(SHOP)), ["-f", HOSTILE]).data)
    body = whole(
        [
            ("map", "Map", map_section("")),
            ("connections", "Connections", connections_section("Connections", "")),
            ("matrix", "Matrix", matrix_section("")),
        ],
        tag("section", tag("h1", name(HOSTILE)), id="summary"),
    )
    file = tmp_path / "hostile.html"
    file.write_bytes(whole_page(title="untouched", body=body, data={"network": data}))
    opened = open_page(file)
    opened.run(UNFOLD)
    opened.page.locator("#connections-bar select").select_option("workload")
    for target in (".matrix td button", ".edge", ".node", ".box", "#connections-table td button"):
        for i in (0, -1):
            opened.page.locator(target).nth(i).dispatch_event("click")
            opened.press("Escape")
    opened.page.locator(".matrix td button").last.dispatch_event("click")
    assert opened.page.title() == "untouched"
    assert opened.run("document.querySelectorAll('img, iframe, object, link, form, svg script').length") == 0
    assert opened.run("document.scripts.length") == 2
    assert "onerror" in opened.text("#why")
    assert "\\u{202e}" in opened.text("#why")
    assert opened.run("[...document.body.innerText].filter(c => c === '\\u202e' || c === '\\x1b').length") == 0


def test_hostile_files_and_objects_are_text(open_page: Open, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    nasty = HOSTILE.replace("/", "∕")
    bad = json.dumps(HOSTILE)
    (folder / f"{nasty[:80]}.yaml").write_text(
        f"# {HOSTILE!r}\n"
        f"{{apiVersion: v1, kind: Namespace, metadata: {{name: shop, annotations: {{owner: {bad}}}}}}}\n---\n"
        "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop}, spec: {containers: [{name: c, image: x}]}}"
        f"\n---\n{{apiVersion: v1, kind: Pod, metadata: {{name: {bad}, namespace: shop}}}}\n"
        "---\n{apiVersion: networking.gke.io/v1, kind: FQDNNetworkPolicy, "
        f"metadata: {{name: {bad}, namespace: shop}}}}\n"
        f"---\n{{apiVersion: {bad}, kind: {bad}, metadata: {{name: x}}}}\n",
        encoding="utf-8",
    )
    opened = open_page(written(tmp_path / "page.html", "check", folder))
    opened.run(UNFOLD)
    opened.page.locator(".matrix td button").last.click()
    assert "taken" not in opened.page.title().removeprefix("netwright check: ")[:5]
    assert opened.run("document.querySelectorAll('img, iframe, object, link, form').length") == 0
    assert opened.run("document.scripts.length") == 3
    assert "onerror" in opened.text("#findings")


def test_never_more_than_300_nodes_and_it_is_said_what_is_left_out(open_page: Open, tmp_path: Path) -> None:
    (tmp_path / "many.yaml").write_text(pods(310, 1))
    opened = open_page(written(tmp_path / "many.html", "check", tmp_path / "many.yaml"))
    drawn = "document.querySelectorAll('.box[data-key], .node').length"
    assert opened.run(drawn) == 300
    assert "of 312 namespaces are not drawn" in opened.text("#map-note")
    opened.page.fill("#find", "ns-30")
    opened.page.locator("#found:not(:empty)").wait_for()
    assert opened.page.locator(".box[aria-label^='ns-30']").count() == 10
    assert opened.run("document.querySelectorAll('.matrix td').length") <= 6_400


def test_a_large_namespace_is_drawn_up_to_the_cap(open_page: Open, tmp_path: Path) -> None:
    (tmp_path / "large.yaml").write_text(pods(2, 200))
    opened = open_page(written(tmp_path / "large.html", "check", tmp_path / "large.yaml"))
    opened.run(UNFOLD)
    nodes = opened.page.locator(".node").count()
    folded = opened.page.locator(".box[data-key]:not([aria-expanded='true'])").count()
    assert nodes + folded <= 300
    assert "workloads of open namespaces not drawn" in opened.text("#map-note")
    assert opened.page.locator(".edge").count() <= 400
    assert opened.run("document.querySelectorAll('.matrix td').length") <= 6_400
    assert "are drawn" in opened.text("#matrix-note")


def test_beyond_the_cap_a_cell_names_the_command(
    open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netwright.render.html.network.MOST_PAIRS", 10)
    opened = open_page(written(tmp_path / "page.html", "check", SHOP))
    opened.page.locator(".matrix td button").last.click()
    assert "netwright reach --from ns/shop --to ns/shop -f examples/shop" in opened.text("#why")
    assert "more connections than a page carries" in opened.text("#why")


def test_families_are_chosen(open_page: Open, tmp_path: Path) -> None:
    (tmp_path / "two.yaml").write_text(
        "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop}, spec: {containers: [{name: c, image: x}]},"
        " status: {phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}}\n---\n"
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: shop},"
        " spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}}\n"
    )
    opened = open_page(written(tmp_path / "two.html", "check", tmp_path / "two.yaml"))
    cell = "internet to shop"
    labels = {label.partition(":")[0]: label for label in opened.run(CELLS)}
    assert labels[cell].startswith(f"{cell}: allowed")
    opened.page.locator("#matrix-bar select").select_option("1")
    labels = {label.partition(":")[0]: label for label in opened.run(CELLS)}
    assert labels[cell] == f"{cell}: denied"


def test_a_copied_command_is_the_one_shown(open_page: Open, shop: Path) -> None:
    opened = open_page(shop)
    opened.page.locator(".matrix td button").last.click()
    opened.page.locator("#why-body li button").first.click()
    button: Any = opened.page.locator("#why .command button")
    button.click()
    opened.page.locator("#why .command button", has_text=re.compile("Copied|Selected")).wait_for()
    if button.inner_text() == "Selected":
        assert opened.run("getSelection().toString()").startswith("netwright why ")
