"""Take the pictures of the documentation: the demo in JupyterLab, and two of the tutorials.

Needs Playwright, a Chromium, and an environment with ``jupyter_qcred[demo]``::

    python docs/screenshots.py --jupyter /path/to/bin/jupyter --chromium /usr/bin/chromium

The tutorials run live, against the vendors of the tests. That needs ``jupyter_qcred[test]`` beside
Playwright, and makes an environment with the vendors' SDKs::

    python docs/screenshots.py --tutorials
"""

from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

IMAGES = Path(__file__).parent / "images"
TUTORIALS = {"ibm-quantum": 1710, "dwave": 1560}
"""The two that are shown, and how high their windows are."""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
OFFLINE = ["--disable-background-networking"]


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jupyter", default="jupyter", help="the command of the environment")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--images", type=Path, default=IMAGES)
    parser.add_argument("--tutorials", action="store_true", help="those of the tutorials instead")
    args = parser.parse_args()
    args.images.mkdir(exist_ok=True)
    with ExitStack() as stack:
        url = stack.enter_context(platform() if args.tutorials else demo(args.jupyter))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(
            executable_path=args.chromium, args=ARGUMENTS + OFFLINE
        )
        if args.tutorials:
            for name, height in TUTORIALS.items():
                page = browser.new_page(viewport={"width": 1060, "height": height})
                take_tutorial(page, url.format(name), args.images / f"tutorial-{name}.png")
        else:
            page = browser.new_page(viewport={"width": 1720, "height": 1200})
            take_lab(page, url, args.images / "demo-lab.png")
        browser.close()


@contextmanager
def demo(jupyter: str) -> Iterator[str]:
    """Run the demo; yield JupyterLab's address, and print what the terminal told."""
    command = [jupyter, "qcred", "demo", "--no-browser", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if found := re.search(r"http://\S+/lab/\S+", line):
                yield found[0]
                break
    finally:
        process.send_signal(signal.SIGINT)
        sys.stdout.write(process.communicate()[0])


@contextmanager
def platform() -> Iterator[str]:
    """Run a server with credentials for the vendors of the tests; yield a notebook's address."""
    root = Path(__file__).parents[1]
    sys.path[:0] = [str(root / "tests"), str(root)]
    from support.jupyter import TOKEN
    from support.openbao import OpenBao
    from tutorials import stage

    with tempfile.TemporaryDirectory(dir=Path.home()) as folder, ExitStack() as stack:
        place = Path(folder)
        openbao = OpenBao(place / "openbao")
        stack.callback(openbao.stop)
        openbao.start().install_qcred()
        sdks = stage.environment(place / "sdks")
        vendors = stack.enter_context(closing(stage.Vendors(sdks, place)))
        server = stage.platform(openbao, vendors, sdks, place / "home")
        stack.enter_context(closing(server))
        for file in stage.TUTORIALS.glob("*.ipynb"):
            (server.root / file.name).write_text(file.read_text())
        server.start()
        yield f"{server.url}doc/tree/{{}}.ipynb?token={TOKEN}"


def take_tutorial(page: Page, url: str, image: Path) -> None:
    """Run all of it, and look at it from the beginning."""
    page.goto(url)
    page.locator(".jp-Notebook .jp-MarkdownCell h1").first.wait_for(timeout=90_000)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    menu(page, "Edit", "Clear Outputs of All Cells")
    menu(page, "Run", "Run All Cells")
    page.get_by_text(": live.").wait_for(timeout=90_000)
    page.locator(".jp-OutputArea-output img").last.wait_for(timeout=90_000)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=90_000)
    if (news := page.get_by_role("button", name="No", exact=True)).count():
        news.click()  # no news of Jupyter's
    page.locator(".jp-Notebook .jp-MarkdownCell h1").first.click()
    page.locator(".jp-WindowedPanel-outer").first.evaluate("panel => panel.scrollTo(0, 0)")
    page.mouse.move(2, 2)
    page.wait_for_timeout(1500)  # its animations
    page.screenshot(path=image)


def take_lab(page: Page, url: str, image: Path) -> None:
    """Run the tutorial, save it, and put the saved file beside it."""
    page.goto(url)
    page.get_by_role("heading", name="A credential that lives").wait_for(timeout=90_000)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    menu(page, "Run", "Run All Cells")
    page.get_by_text("at the end").wait_for()  # of the last cell's table
    menu(page, "File", "Save Notebook")
    file = page.locator(".jp-DirListing-item", has_text="tutorial.ipynb")
    file.click(button="right")
    page.get_by_text("Open With", exact=True).hover()
    choose(page, "Editor")
    page.locator(".jp-FileEditor").wait_for()
    tab = page.locator("#jp-main-dock-panel .lm-TabBar-tab").last
    dock = page.locator("#jp-main-dock-panel").bounding_box()
    assert dock is not None
    tab.hover()
    page.mouse.down()
    right, middle = dock["x"] + dock["width"] - 40, dock["y"] + dock["height"] / 2
    page.mouse.move(right, middle, steps=10)
    page.mouse.up()
    menu(page, "View", "File Browser")  # which hides it
    page.locator(".jp-FileEditor .cm-content").click()
    page.keyboard.press("Control+f")
    page.get_by_placeholder("Find").fill("[redacted:")
    page.get_by_text("1/2", exact=True).wait_for()
    page.keyboard.press("Enter")
    page.get_by_text("2/2", exact=True).wait_for()
    page.wait_for_timeout(1500)  # its animations
    page.screenshot(path=image)


def menu(page: Page, name: str, entry: str) -> None:
    """Choose an entry of JupyterLab's menu."""
    page.get_by_role("menuitem", name=name, exact=True).click()
    choose(page, entry)


def choose(page: Page, entry: str) -> None:
    """Choose an entry of the open menu; its accessible name has the shortcut as well."""
    page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{entry}$")).click()


if __name__ == "__main__":
    main()
