"""Take the pictures of the documentation: the demo in JupyterLab, after a round through it.

Needs Playwright, a Chromium, and an environment with ``jupyter_qcred[demo]``::

    python docs/screenshots.py --jupyter /path/to/bin/jupyter --chromium /usr/bin/chromium
"""

from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

IMAGES = Path(__file__).parent / "images"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
OFFLINE = ["--disable-background-networking"]


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jupyter", default="jupyter", help="the command of the environment")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--images", type=Path, default=IMAGES)
    args = parser.parse_args()
    args.images.mkdir(exist_ok=True)
    with demo(args.jupyter) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=args.chromium, args=ARGUMENTS + OFFLINE
        )
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
