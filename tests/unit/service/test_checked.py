"""A protocol is checked before it is ordered: by its name, and as a text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labctl import yamlfile
from labctl.service import Access, Service
from tests.unit.service.kept import API, QUICK, TOKENS, client, make_service

HEAD = """\
schema: labctl.protocol/1
name: mine
needs: {laser: laser, probe: thermometer, ambient: thermometer, meter: power_meter}
record: {every: 1 s}
steps:
"""
GOOD = HEAD + "  - baseline: {for: 5 s}\n  - irradiate: {power: 1 W, for: 5 s}\n"
BAD = HEAD + "  - baseline: {fro: 5 s}\n  - irradiate: {power: 90 W, for: 5 s}\n  - cool: 3\n"


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return make_service(tmp_path)


def checked(service: Service, **asked: Any) -> dict[str, Any]:
    said = client(service).post(f"{API}/validate", json=asked)
    assert 200 == said.status_code, said.text
    told: dict[str, Any] = said.json()
    return told


def test_a_check_answers_what_labctl_plan_knows(service: Service) -> None:
    """Worst case, energy, nearest limits, dose, of the sample and the parameters that are given; by
    name and as a text alike; and it orders nothing."""
    named = checked(service, protocol="heating-curve", sample="water", parameters=QUICK)
    assert (True, [], []) == (named["ok"], named["problems"], named["refused"])
    plan = named["plan"]
    assert (5.0, "water") == (plan["energy_j"], plan["sample"])
    assert {"power", "exposure"} <= {one["limit"] for one in plan["limits"]}
    assert plan["worst_case_s"] > plan["at_most_s"] >= 15.0
    text = client(service).get(f"{API}/protocols/heating-curve").json()["text"]
    again = checked(service, text=text, sample="water", parameters=QUICK)
    assert named == again
    hold = checked(service, protocol="dose-hold")
    assert hold["plan"]["dose"][0]["most_cem43_min"] > 0.0
    assert [] == service.orders.told()["items"]


def test_a_check_tells_all_problems_in_one_pass_with_line_and_column(service: Service) -> None:
    """Of the text, the parameters and the sample's name together."""
    told = checked(service, text=BAD, sample="no-such", parameters={"every": "1 s"})
    assert (False, None) == (told["ok"], told["plan"])
    places = [(one["line"], one["column"]) for one in told["problems"] if one["line"]]
    assert {6, 7, 8} == {line for line, _ in places}
    assert all(column > 0 for _, column in places)
    words = " ".join(one["message"] for one in told["problems"])
    assert "no sample 'no-such'" in words
    assert "every" in words
    assert {"", "(the text)", "-p every=1 s"} == {one["file"] for one in told["problems"]}


def test_a_check_tells_what_an_order_would_be_refused_for(service: Service) -> None:
    """Nothing is wrong in the file; it is latched, or its sample is named twice."""
    service.latch.latch("smoke", "somebody")
    told = checked(service, text=GOOD)
    assert told["ok"]
    assert told["plan"]["energy_j"] == 5.0
    assert ["latched by somebody: smoke"] == [one.partition(" · ")[0] for one in told["refused"]]
    series = checked(service, protocol="concentration-series", sample="water")
    assert any("names its samples itself" in one for one in series["refused"])


@pytest.mark.parametrize("asked", [{}, {"text": GOOD, "protocol": "log"}, {"text": ""}])
def test_a_check_is_of_a_name_or_of_a_text(service: Service, asked: dict[str, Any]) -> None:
    """Neither, or both, is another shape."""
    assert 422 == client(service).post(f"{API}/validate", json=asked).status_code


@pytest.mark.parametrize(
    "path",
    ["../card.yaml", "../card.json", "secret.yaml", "card.json", "../../../../../../etc/passwd",
     "../no-such.yaml"],
)  # fmt: skip
def test_a_text_from_the_network_opens_no_file_of_another_place(tmp_path: Path, path: str) -> None:
    """What it includes, or names as its samples, would be told line by line, among it the card with
    the arm code; by a link too. Nor is told whether there is one."""
    own = tmp_path / "ours"
    own.mkdir()
    for place in (tmp_path / "card.yaml", tmp_path / "card.json", own / "card.json"):
        place.write_text("schema: SECRET\narm_code: SECRET\n", encoding="utf-8")
    (own / "secret.yaml").symlink_to(tmp_path / "card.yaml")
    made = make_service(tmp_path)
    service = Service(made.bench_file, runs_dir=tmp_path / "runs", speed=1.0,
                      access=Access(TOKENS), own=own)  # fmt: skip
    there, log = f"{tmp_path}/{path}", "steps: [log: {for: 5 s}]"
    steps = [
        f"  - include: {{file: {path}}}\n",
        f"  - for_each_sample: {{samples: [{path}], {log}}}\n",
        f"  - for_each_sample: {{of: {there}, samples: [x], {log}}}\n",
    ]
    for step in steps:
        said = client(service).post(f"{API}/validate", json={"text": HEAD + step})
        assert not said.json()["ok"]
        assert "SECRET" not in said.text
        assert "root:" not in said.text
        for one in said.json()["problems"]:
            assert one["file"] == "(the text)", one
            assert "No such file" not in one["message"]


def test_a_text_may_include_what_lies_among_the_lab_s_own(tmp_path: Path) -> None:
    """As a file of it may; and a sample of its own."""
    own = tmp_path / "ours"
    own.mkdir()
    (own / "part.yaml").write_text(GOOD, encoding="utf-8")
    made = make_service(tmp_path)
    service = Service(made.bench_file, runs_dir=tmp_path / "runs", speed=1.0,
                      access=Access(TOKENS), own=own)  # fmt: skip
    told = checked(service, text=HEAD + "  - include: {file: part.yaml}\n")
    assert (True, 5.0) == (told["ok"], told["plan"]["energy_j"]), told["problems"]


def test_what_is_opened_in_some_folders_alone_is_opened_elsewhere_again(tmp_path: Path) -> None:
    """The restriction ends with its `with`; a name that can be no path is no file."""
    file = tmp_path / "x.yaml"
    file.write_text("a: 1\n", encoding="utf-8")
    with yamlfile.only_below(yamlfile.shipped_folder()):
        assert not yamlfile.is_file(file)
    with yamlfile.only_below(tmp_path):
        assert yamlfile.is_file(file)
    assert yamlfile.is_file(file)
    assert not yamlfile.is_file(Path("a" * 5000))
    assert not yamlfile.is_file(Path("a\0b"))


def test_a_protocol_s_text_is_that_of_its_file(service: Service) -> None:
    """For who may watch, too; of none there is none."""
    viewer = client(service, TOKENS.viewer)
    told = viewer.get(f"{API}/protocols/log").json()
    assert "schema: labctl.protocol/1" in told["text"]
    assert 404 == viewer.get(f"{API}/protocols/no-such").status_code
    assert 403 == viewer.post(f"{API}/validate", json={"protocol": "log"}).status_code
