"""``handeye extract``: real pages in a real browser, schemas of every shape, and what must be refused."""

import base64
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydantic import BaseModel, Field, field_validator

from agent.builtin.extraction.values import boolean_of, number_of
from agent.builtin.model import BuiltinModel
from agent.core.errors import UserError
from agent.core.model import ModelError
from agent.models.json_schema import mismatch
from agent.models.opening import open_model
from agent.run.extract import extract_from_image, read_schema
from tests.agent.browser import INSTALLED, chromium
from tests.agent.scripted_server import ScriptedServer

ORDER = """<meta charset=utf-8><style>body{font:15px DejaVu Sans;margin:24px}table{border-collapse:collapse}
td,th{border:1px solid #ccc;padding:6px 12px}td.n{text-align:right}</style><h2>Order 4711</h2>
<p><b>Customer:</b> Ada Lovelace</p><p>Order date: 2026-11-03</p>
<label>Email <input value="ada@example.org" size=30></label><br><br>
<label>Phone number <input value="+44 20 7946 0958"></label><br><br>
<label><input type=checkbox checked> Newsletter</label> <label><input type=checkbox> Gift wrap</label><br><br>
<table><tr><th>Item<th>Quantity<th>Unit price<th>In stock<tr><td>Blue pen<td class=n>12<td class=n>$1.20<td>Yes
<tr><td>Notebook A5, ruled<td class=n>3<td class=n>$4.75<td>No<tr><td>Desk lamp<td class=n>1<td class=n>$1,039.00<td>Yes
<tr><td colspan=2>Total<td class=n>$1,067.65<td></table>
<h3>Tags</h3><ul><li>urgent<li>stationery<li>repeat customer</ul>"""

SERVER = """<meta charset=utf-8><style>body{font:14px DejaVu Sans;margin:0}th{background:#eee;text-align:left}
td,th{padding:8px 16px}table{width:100%}dl{display:grid;grid-template-columns:160px 1fr;padding:16px;row-gap:8px}
dd{margin:0}dt{color:#666}</style><dl><dt>Server name<dd>mail-02<dt>Status<dd>Running<dt>CPU cores<dd>16<dt>Memory
<dd>64 GB<dt>Uptime (days)<dd>231</dl><table><tr><th>Process ID<th>User<th>Command<th>CPU %<tr><td>812<td>root
<td>nginx: master process<td>0.3<tr><td>4410<td>www-data<td>php-fpm<td>12.7<tr><td>9921<td>postgres
<td>autovacuum launcher<td>1.0</table>"""


CARDS = """<meta charset=utf-8><style>body{font:16px DejaVu Sans}.card{padding:16px;display:grid;grid-template-columns:
1fr 1fr 1fr;gap:18px}.k{font-size:12px;color:#777}.v{font-size:18px}</style><div class=card><div><div class=k>Account
holder</div><div class=v>Grace Hopper</div></div><div><div class=k>IBAN</div><div class=v>DE89 3704 0044 0532 0130 00
</div>
</div><div><div class=k>Balance</div><div class=v>€ 1.234,56</div></div><div><div class=k>Last login</div><div class=v>
Yesterday, 14:05</div></div><div><div class=k>Transactions</div><div class=v>42</div></div><div><div class=k>Two-factor
</div><div class=v>Enabled</div></div></div><hr>"""


class Line(BaseModel):
    item: str
    quantity: int
    unit_price: float
    in_stock: bool


class Order(BaseModel):
    customer: str
    order_date: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")
    email: str
    phone: str = Field(description="Phone number")
    newsletter: bool
    gift_wrap: bool
    lines: list[Line]
    tags: list[str]
    voucher: str | None


class Late(BaseModel):
    order_date: str

    @field_validator("order_date")
    @classmethod
    def refuse(cls, value: str) -> str:
        raise ValueError("not before 2030")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    if not INSTALLED:
        pytest.skip("needs chromium and chromium-driver")
    folder, found = tmp_path_factory.mktemp("pages"), {}
    with chromium() as browser:
        browser.cdp("Emulation.setDeviceMetricsOverride", width=1000, height=900, deviceScaleFactor=1, mobile=False)
        for name, html in (("order", ORDER), ("server", SERVER), ("cards", CARDS)):
            (folder / f"{name}.html").write_text(html, encoding="utf-8")
            browser.open(folder / f"{name}.html")
            found[name] = folder / f"{name}.png"
            found[name].write_bytes(base64.b64decode(browser.cdp("Page.captureScreenshot", format="png")["data"]))
    return found


def picture(path: Path) -> Any:
    return np.asarray(Image.open(path).convert("RGB"))


def test_a_form_and_a_table_into_a_pydantic_model(pages: dict[str, Path]) -> None:
    order = extract_from_image(picture(pages["order"]), Order, BuiltinModel())
    assert isinstance(order, Order)
    assert (order.customer, order.order_date, order.email) == ("Ada Lovelace", "2026-11-03", "ada@example.org")
    assert (order.phone, order.newsletter, order.gift_wrap, order.voucher) == ("+44 20 7946 0958", True, False, None)
    assert [line.model_dump() for line in order.lines] == [
        {"item": "Blue pen", "quantity": 12, "unit_price": 1.2, "in_stock": True},
        {"item": "Notebook A5, ruled", "quantity": 3, "unit_price": 4.75, "in_stock": False},
        {"item": "Desk lamp", "quantity": 1, "unit_price": 1039.0, "in_stock": True},
    ]
    assert order.tags == ["urgent", "stationery", "repeat customer"]


class Account(BaseModel):
    account_holder: str
    iban: str
    balance: float
    last_login: str
    transactions: int
    two_factor: bool


def test_values_under_their_labels_and_on_two_lines(pages: dict[str, Path]) -> None:
    found = extract_from_image(picture(pages["cards"]), Account, BuiltinModel())
    assert found.model_dump() == {
        "account_holder": "Grace Hopper",
        "iban": "DE89 3704 0044 0532 0130 00",
        "balance": 1234.56,
        "last_login": "Yesterday, 14:05",
        "transactions": 42,
        "two_factor": True,
    }


def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "agent.cli.main", "extract", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=120, check=False)


def test_the_command_line(pages: dict[str, Path], tmp_path: Path) -> None:
    process = {"properties": {"process_id": {"type": "integer"}, "user": {"type": "string"}}}
    process["properties"]["load"] = {"type": "number", "title": "CPU %"}
    words = {"server_name": {"type": "string"}, "status": {"enum": ["Running", "Stopped"]}}
    numbers = {"cpu_cores": {"type": "integer"}, "memory": {"type": "string"}, "uptime_days": {"type": "integer"}}
    tables = {"processes": {"type": "array", "items": {"$ref": "#/$defs/process"}}}
    schema = {"type": "object", "properties": words | numbers | tables, "$defs": {"process": process}}
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    done = run("-", "--schema", str(tmp_path / "schema.json"), "--json", stdin=pages["server"].read_bytes())
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b"\n") == 1
    assert json.loads(done.stdout) == {
        "server_name": "mail-02",
        "status": "Running",
        "cpu_cores": 16,
        "memory": "64 GB",
        "uptime_days": 231,
        "processes": [
            {"process_id": 812, "user": "root", "load": 0.3},
            {"process_id": 4410, "user": "www-data", "load": 12.7},
            {"process_id": 9921, "user": "postgres", "load": 1.0},
        ],
    }
    (tmp_path / "missing.json").write_text('{"properties": {"colour": {"type": "string"}}}')
    failed = run(str(pages["server"]), "--schema", str(tmp_path / "missing.json"))
    assert (failed.returncode, failed.stdout) == (2, b"")
    assert failed.stderr.count(b"\n") == 1
    assert b"'colour'" in failed.stderr


def test_a_vision_model_is_checked_against_the_whole_schema() -> None:
    image = np.full((300, 400, 3), 200, np.uint8)
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 5}}, "required": ["n"]}
    with ScriptedServer(['{"n": 7}', '{"n": 3}']) as server:
        model = open_model(server.url, ability="extract")
        assert extract_from_image(image, schema, model) == {"n": 7}
        with pytest.raises(ModelError, match="3 is less than the minimum of 5"):
            extract_from_image(image, schema, model)


def test_a_pydantic_models_own_rules(pages: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match=r"does not fit Late: .*not before 2030 at order_date"):
        extract_from_image(picture(pages["order"]), Late, BuiltinModel())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "not a JSON object"),
        ('{"type": "objekt"}', "not a JSON schema"),
        ("{", "cannot read"),
        (None, "no such schema"),
    ],
)
def test_bad_schemas(tmp_path: Path, text: str | None, words: str) -> None:
    if text is not None:
        (tmp_path / "s.json").write_text(text)
    with pytest.raises(UserError, match=words):
        read_schema(str(tmp_path / "s.json"))


def test_a_pydantic_model_by_its_name() -> None:
    assert read_schema(f"{__name__}:Order") is Order
    for name, words in (("no.such.module:X", "cannot import"), ("json:loads", "no pydantic model")):
        with pytest.raises(UserError, match=words):
            read_schema(name)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$ref": "#/$defs/a"}}}, "refers to itself"),
        ({"properties": {"a": {"$ref": "http://h/x"}}}, "not in the schema"),
        ({"properties": {"a": {"anyOf": [{"type": "string"}, {"type": "integer"}]}}}, "one of 2"),
        ({"properties": {"a": {"type": "array", "items": {"type": "array", "items": {}}}}}, "'a'"),
    ],
)
def test_schemas_a_screen_cannot_fill(schema: dict[str, Any], words: str) -> None:
    image = np.full((100, 200, 3), 255, np.uint8)
    with pytest.raises(ModelError, match=words):
        extract_from_image(image, schema, BuiltinModel())


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("$1,039.00", 1039.0),
        ("2.4 kg", 2.4),
        ("2,45 €", 2.45),
        ("1.234.567", 1234567),
        ("1.234,50", 1234.5),
        ("12 345", 12345),
        ("-7 °C", -7),
        ("− 3.5", -3.5),
        ("1,234", 1234),
        ("12 of 30", None),
        ("3/4", None),
        ("12:30", None),
        ("none", None),
        ("", None),
    ],
)
def test_numbers_as_people_write_them(text: str, number: float | None) -> None:
    assert number_of(text) == number


@given(st.decimals(-(10**9), 10**9, places=2))
def test_every_amount_is_read_back(value: Any) -> None:
    for written in (f"{value:,.2f}", f"{value:.2f}", f"€ {value:,.2f}".replace("€ -", "-€ ")):
        assert math.isclose(number_of(written), float(value), abs_tol=1e-6), written  # type: ignore[arg-type]


def test_whole_numbers_stay_whole() -> None:
    assert number_of("12.0", whole=True) == 12
    assert number_of("12.5", whole=True) is None
    assert isinstance(number_of("12"), int)


def test_yes_and_no() -> None:
    assert [boolean_of(word) for word in ("Yes", "OFF", "✓", "maybe")] == [True, False, True, None]


@pytest.mark.parametrize(
    ("value", "schema", "wrong"),
    [
        (1, {}, ""),
        (1, {"type": ["string", "integer"]}, ""),
        (True, {"type": "integer"}, "not of type 'integer'"),
        (float("nan"), {"type": "number"}, "not of type 'number'"),
        ("b", {"enum": ["a"]}, "not one of"),
        ({}, {"required": ["a"]}, "'a' is a required"),
        ({"a": [1, "x"]}, {"properties": {"a": {"items": {"type": "integer"}}}}, "at $.a[1]"),
    ],
)
def test_mismatch(value: object, schema: dict[str, object], wrong: str) -> None:
    found = mismatch(value, schema)
    assert bool(found) == bool(wrong)
    assert wrong in found
