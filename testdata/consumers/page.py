"""Opens the HTML report in a headless Chromium and uses it. Arguments: page, chromium, folder for screenshots. Prints what it saw,
as JSON; anything on the console is an error."""

import json
import pathlib
import sys
import time

from playwright.sync_api import sync_playwright

page_file, chromium, shots = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
seen = {"console": [], "requests": []}


def shown(page):
    return page.locator("tr.site:visible").count()


def wait_for(page, expression, value):
    """Until an expression has the value. The page forbids to evaluate text in it, so this asks from outside."""
    end = time.monotonic() + 10
    while page.evaluate(expression) != value:
        assert time.monotonic() < end, f"{expression} never became {value}"


def filters(page):
    """Each filter narrows, and "Show all" brings everything back. The slowest answer in milliseconds."""
    slowest = 0
    for name in ["verdict", "subsystem", "rule", "api"]:
        options = page.locator(f"#by-{name} option").all_text_contents()
        if len(options) < 2:
            continue
        start = time.monotonic()
        page.select_option(f"#by-{name}", index=1)
        want = int(options[1].rsplit("(", 1)[1].rstrip(")"))
        wait_for(page, "document.querySelectorAll('tr.site:not([hidden])').length", want)
        slowest = max(slowest, (time.monotonic() - start) * 1000)
        page.click("button[type=reset]")
        wait_for(page, "document.querySelectorAll('tr.site[hidden]').length", 0)
    page.fill("#search", "no such words anywhere")
    seen["nothing_fits"] = shown(page)
    seen["status"] = page.locator("#ledger-count").text_content()
    page.click("button[type=reset]")
    return slowest


def keyboard(page):
    """Search by /, then rows by arrows and Enter, without a mouse."""
    page.locator("body").press("/")
    seen["search_has_focus"] = page.evaluate("document.activeElement.id") == "search"
    page.locator("tr.site[tabindex='0']").focus()
    for key in ["ArrowDown", "ArrowDown", "ArrowUp", "End", "Home", "ArrowDown", "Enter"]:
        page.keyboard.press(key)
    seen["row_by_keys"] = page.evaluate("[...document.querySelectorAll('tr.site')].indexOf(document.activeElement)")
    seen["opened_by_keys"] = page.locator("tr.more").count()
    page.keyboard.press("Enter")
    seen["closed_by_keys"] = page.locator("tr.more").count()


def finding(page):
    entry = page.locator("details.finding").first
    if not entry.count():
        return
    entry.locator("summary").focus()
    page.keyboard.press("Enter")
    # It is drawn when the browser says that it was opened, a little later.
    entry.locator(".body > *").first.wait_for(state="attached")
    seen["steps"] = entry.locator("ol.steps > li").count()
    seen["marked_lines"] = entry.locator("pre.source span.here").count()
    seen["graphs"] = entry.locator(".graph svg").count()


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("console", lambda message: seen["console"].append(message.text))
    page.on("pageerror", lambda error: seen["console"].append(str(error)))
    page.on("request", lambda request: seen["requests"].append(request.url))
    start = time.monotonic()
    page.goto(pathlib.Path(page_file).resolve().as_uri())
    seen["load_ms"] = round((time.monotonic() - start) * 1000)
    seen["rows"] = shown(page)
    seen["plots"] = page.locator("#plots svg[role=img]").count()
    if seen["rows"]:
        seen["filter_ms"] = round(filters(page))
        keyboard(page)
    finding(page)
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=str(shots / "wide.png"), full_page=seen["rows"] < 300)
    page.set_viewport_size({"width": 390, "height": 844})
    seen["overflow_narrow"] = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    page.screenshot(path=str(shots / "narrow.png"), full_page=seen["rows"] < 300)
    browser.close()
print(json.dumps(seen))
