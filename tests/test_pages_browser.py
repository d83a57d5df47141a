"""Pages in a real browser: nothing is asked for, nothing is complained about, axe finds nothing, and all works."""

import pytest
from audit_logs import log_of_counts, model
from browser import browser, watched

from rstheory.audit.report import audit_report
from rstheory.pages import audit_page, write_page

NASTY = "<img src=x onerror=alert(1)>\"';datum"
WIDTHS = 360, 800, 1600


@pytest.fixture(scope="module")
def chrome():
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A page of four logs: three of one group, one of which has a nasty name, and one alone with findings."""
    alone = log_of_counts([900, 950, 1000] * 20, sigma=1.0, digits=3, path="c/alone.tsv")
    logs = [model(1, "a/first.tsv"), model(2, f"a/{NASTY}.tsv"), model(3, "a/third.tsv"), alone]
    file = tmp_path_factory.mktemp("page") / "page.html"
    write_page(audit_page(audit_report(logs)), file)
    return file


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_and_nothing_overflows(chrome, path, width, scheme):
    with watched(chrome, path, width=width, scheme=scheme) as found:
        found.draw_all()
        for details in found.page.locator("details").all():
            details.evaluate("details => (details.open = true)")
        assert found.violations() == []
        assert found.page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_scripts_everything_is_readable(chrome, path):
    with watched(chrome, path, scripts=False) as found:
        stills = found.page.locator(".still svg")
        assert stills.count() == found.page.locator(".view").count() >= 8
        assert all(still.is_visible() for still in stills.all())
        assert not any(controls.is_visible() for controls in found.page.locator(".controls, .views").all())
        found.page.locator("summary").first.click()
        assert found.page.locator("details table").first.is_visible()


def test_a_drawing_takes_the_place_of_its_still(chrome, path):
    with watched(chrome, path) as found:
        found.draw_all()
        for figure in found.page.locator("figure").all():
            assert figure.locator(".live svg").is_visible()
            assert not figure.locator(".still svg").first.is_visible()


def lines(figure):
    """Number of curves drawn."""
    return figure.locator(".live .mark-line path").count()


def test_logs_are_switched_on_all_charts_by_keyboard(chrome, path):
    with watched(chrome, path) as found:
        found.draw_all()
        accuracy, budgets = (found.page.locator("figure").nth(place) for place in (0, 1))
        assert (lines(accuracy), lines(budgets)) == (3, 3)
        box = found.page.locator("section .switches input").nth(1)
        box.focus()
        box.press("Space")
        accuracy.locator(".mark-line path").nth(2).wait_for(state="detached")
        budgets.locator(".mark-line path").nth(2).wait_for(state="detached")
        assert (lines(accuracy), lines(budgets)) == (2, 2)


def test_a_chart_drawn_later_knows_what_was_set_before(chrome, path):
    with watched(chrome, path) as found:
        found.page.locator("section .switches input").first.uncheck()
        found.draw_all()
        assert lines(found.page.locator("figure").nth(1)) == 2


def test_radius_and_u_are_switched(chrome, path):
    with watched(chrome, path) as found:
        figure = found.page.locator("figure").first
        figure.locator(".views input").nth(1).check()
        figure.locator(".view.drawn").last.wait_for()
        assert [view.is_visible() for view in figure.locator(".view").all()] == [False, True]
        texts = figure.locator(".view").nth(1).locator(".live text").all_text_contents()
        assert {"0.5", "0.9"} <= set(texts)


def test_the_slider_goes_to_another_budget(chrome, path):
    with watched(chrome, path) as found:
        found.draw_all()
        order = found.page.locator("figure").nth(2)
        before = order.locator(".live .mark-text.role-mark text").all_text_contents()
        slider = found.page.locator(".slider input").first
        slider.press("Home")
        output = found.page.locator(".slider output").first
        assert (output.text_content(), slider.get_attribute("aria-valuetext")) == ("N = 100", "N = 100")
        figure = "document.querySelectorAll('figure')[2]"
        changed = f"before => {figure}.querySelector('.live .mark-text.role-mark text').textContent !== before"
        found.page.wait_for_function(changed, arg=before[0])
        after = [float(text) for text in order.locator(".live .mark-text.role-mark text").all_text_contents()]
        assert max(after) < min(map(float, before))


def test_any_two_logs_are_compared(chrome, path):
    with watched(chrome, path) as found:
        found.draw_all()
        figure = found.page.locator("figure").nth(3)
        names = figure.locator("select").first.locator("option").all_text_contents()
        assert NASTY in names
        assert figure.locator(".see").text_content().startswith(f"{names[0]} minus {names[1]}: ACR +")
        figure.locator("select").first.select_option("2")
        assert figure.locator(".see").text_content().startswith(f"{names[2]} minus {names[1]}: ACR -")
        figure.locator("select").last.select_option("2")
        assert figure.locator(".see").text_content() == "The same log twice."


def test_the_pointer_tells_all_logs_and_runs_no_name(chrome, path):
    with watched(chrome, path) as found:
        figure = found.page.locator("figure").first
        figure.evaluate("figure => figure.scrollIntoView()")
        drawing = figure.locator(".live svg")
        drawing.wait_for()
        box = drawing.bounding_box()
        for step in range(3):
            found.page.mouse.move(box["x"] + box["width"] / 2 + step, box["y"] + box["height"] / 2)
        tip = found.page.locator("#vg-tooltip-element.visible")
        tip.wait_for()
        assert tip.locator(".key").count() == 5
        assert NASTY in tip.text_content()
        assert tip.locator("img").count() == 0
        assert "undefined" not in tip.text_content()


def test_print_shows_tables_and_no_controls(chrome, path):
    with watched(chrome, path) as found:
        found.draw_all()
        found.page.emulate_media(media="print")
        assert not found.page.locator(".controls").first.is_visible()
        assert found.page.locator("details table").first.is_visible()
        assert found.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_everything_can_be_reached_by_keyboard(chrome, path):
    """Every control, link, table that scrolls and list of numbers takes the focus in turn."""
    with watched(chrome, path) as found:
        wanted = found.page.evaluate(
            "Array.from(document.querySelectorAll('a, input, select, summary, [tabindex=\"0\"]'))"
            ".filter(e => e.checkVisibility() && !(e.type === 'radio' && !e.checked)).length"
        )
        found.page.evaluate("window.reached = new Set()")
        for _ in range(wanted):
            found.page.keyboard.press("Tab")
            found.page.evaluate("window.reached.add(document.activeElement)")
        assert found.page.evaluate("window.reached.size") == wanted


def test_another_script_would_not_run(chrome, path, tmp_path):
    """The policy is in force: a script that is put into the file is refused, and so is a request."""
    changed = tmp_path / "changed.html"
    changed.write_text(
        path.read_text().replace("</body>", "<script>alert(1)</script><img src='https://x.org/'></body>")
    )
    with pytest.raises(AssertionError, match="Content Security Policy"), watched(chrome, changed):
        pass
