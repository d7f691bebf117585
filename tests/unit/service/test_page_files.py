"""The page's own files: what others wrote is unchanged, and nothing is asked of elsewhere."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import labctl
from tests.unit.service.kept import client, make_service

PAGE = Path(labctl.__file__).parent / "service" / "page"
OWN = sorted(path for path in PAGE.iterdir() if path.is_file())


def test_what_is_vendored_is_what_its_manifest_says() -> None:
    """Name, version, licence, and the sum of every file."""
    folder = PAGE / "uplot"
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    sums = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.name != "manifest.json"
    }
    assert sums == manifest["sha256"]
    assert "MIT" == manifest["licence"]
    assert "MIT License" in (folder / "LICENSE").read_text(encoding="utf-8")


def test_the_page_keeps_to_its_policy() -> None:
    """No script, style or handler inside the markup, no markup made from text, no other address."""
    assert {"index.html", "main.js", "page.css"} <= {path.name for path in OWN}
    for path in OWN:
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//[a-z]+\.", text), path.name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|\beval\(", text), path.name
        if path.suffix == ".html":
            assert not re.search(r"<style|style=|\son[a-z]+=|<script(?![^>]*\ssrc=)", text)


def test_every_file_that_the_page_names_is_served_to_anybody(tmp_path: Path) -> None:
    """Without a token: the page asks for one itself."""
    visitor = client(make_service(tmp_path), token=None)
    page = visitor.get("/")
    assert 200 == page.status_code
    named = set(re.findall(r'(?:src|href)="(/page/[^"]+)"', page.text))
    for path in PAGE.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        named |= {f"/page/{name}" for name in re.findall(r'from "\./([a-z.]+)"', text)}
    assert len(named) >= 8
    for name in sorted(named):
        assert 200 == visitor.get(name).status_code, name


def test_nobody_is_told_safe() -> None:
    """But that this is no safety device."""
    for path in OWN:
        text = path.read_text(encoding="utf-8").lower()
        for phrase in ("not a safety device", "not-safety"):
            text = text.replace(phrase, "")
        assert "safe" not in text, path.name
