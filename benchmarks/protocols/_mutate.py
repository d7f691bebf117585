"""Protocol files that nobody would write: drawn from the exported schema, mutated from files that
are valid, and both with noise in their tokens."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Sequence
from typing import Any

_DEEPEST = 7

QUANTITIES = (
    "1 W", "0.5 W", "250 mW", "3 W", "1,5 W", "-1 W", "0 W", "1e400 W", "1 W/cm^2", "60 s",
    "10 min", "1 h", "0 s", "1 us", "40 d", "43 degC", "48 degC", "37 °C", "310 K", "0.1 K", "80 %",
    "95 %", "0.95", "101 %", "10 mM", "5 µM", "pH 5.5", "5.5", "14.1", "50 uL", "1 mL",
    "300 J/cm^2", "25 ug/mL", "3", "-3", "1000", "$power", "$heat", "$nope", "$sample.id", "FILL",
    "", "808 nm",
)  # fmt: skip
WORDS = (
    "probe", "ambient", "probe - ambient", "probe-ambient", "wall", "laser", "heater", "manual",
    "thermometer", "assay", "doser", "thermostat", "quinidine", "doxorubicin", "iron", "Q", "stop",
    "continue", "ask", "as_written", "shuffled", "water", "pda-aminoacid", "none-such", "true",
    "null", "~", "on", "labctl.protocol/1", "labctl.protocol/2", "a b", "ä", "x" * 90,
    "../x.yaml", "/x.yaml",
)  # fmt: skip
TOKENS = (
    "{", "}", "[", "]", ": ", ", ", "- ", "  ", "\n", "\t", "'", '"', "|\n", ">\n", "&a ", "*a",
    "!!x ", "#", "? ", "---\n", "...\n", "%YAML 1.1\n", "\u2028", "\x00", "é", "\\U", "=", "$",
    "<<: ", "steps:\n", "needs: {}\n", "1,5 W", "until", "any", "repeat", "for_each_sample",
    "include",
)  # fmt: skip


def drawn(schema: dict[str, Any], rng: random.Random) -> Any:
    """Plain data of a protocol's shape: keys and nesting as the schema has them, values mostly."""
    return _Drawing(schema, rng).value(schema, 0)


class _Drawing:
    def __init__(self, root: dict[str, Any], rng: random.Random) -> None:
        self._root = root
        self._rng = rng

    def value(self, schema: dict[str, Any], depth: int) -> Any:
        rng = self._rng
        if "$ref" in schema:
            return self.value(self._root["$defs"][schema["$ref"].rpartition("/")[2]], depth)
        if "anyOf" in schema:
            return self.value(rng.choice(schema["anyOf"]), depth)
        if "enum" in schema:
            return rng.choice(schema["enum"])
        match schema.get("type"):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "integer":
                return rng.choice((1, 2, 3, 20, schema.get("maximum", 5)))
            case "boolean":
                return rng.random() < 0.5
        return self._text(schema)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        rng, out = self._rng, {}
        fields: dict[str, Any] = schema.get("properties", {})
        wanted = list(schema.get("required", ()))
        if "oneOf" in schema:
            alternatives = [it["required"] for it in schema["oneOf"]]
            if depth > _DEEPEST:
                # What holds others makes the file grow without end.
                flat = [it for it in alternatives if it[0] in ("cool", "log", "elapsed", "prompt")]
                alternatives = flat or alternatives
            wanted += rng.choice(alternatives)
        for rule in schema.get("allOf", ()):
            wanted += rng.choice([it["required"] for it in rule["oneOf"]])
        verbs = len(schema.get("oneOf", ())) > 4
        for key, inner in fields.items():
            if key in wanted or (not verbs and rng.random() < 0.15):
                out[key] = self.value(inner, depth + 1)
        for inner in schema.get("patternProperties", {}).values():
            for role in rng.sample(ROLES, rng.randint(1, len(ROLES))):
                out[role] = CAPABILITIES.get(role, "thermometer") if _is_needs(inner) else (
                    self.value(inner, depth + 1)
                )  # fmt: skip
        return out

    def _array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        least, most = schema.get("minItems", 0), schema.get("maxItems", 4)
        number = self._rng.randint(least, max(least, min(most, 1 if depth > _DEEPEST else 4)))
        return [self.value(schema["items"], depth + 1) for _ in range(number)]

    def _text(self, schema: dict[str, Any]) -> str:
        pattern = schema.get("pattern")
        pool = (*QUANTITIES, *WORDS)
        if pattern is None:
            return self._rng.choice(WORDS)
        fitting = [it for it in pool if re.search(pattern, it) and "$" not in it]
        return self._rng.choice(fitting or schema.get("examples") or pool)


ROLES = ("laser", "probe", "ambient", "assay", "doser", "thermostat", "heater")
CAPABILITIES = {role: role for role in ("laser", "assay", "doser", "thermostat", "heater")}


def _is_needs(schema: dict[str, Any]) -> bool:
    return "thermometer" in schema.get("enum", ())


def mutated(tree: Any, rng: random.Random, number: int) -> Any:
    """A copy with so many changes: values put, taken, doubled, moved and made something else."""
    tree = copy.deepcopy(tree)
    for _ in range(number):
        places = list(_places(tree))
        if not places:
            break
        holder, key = rng.choice(places)
        _change(holder, key, places, rng)
    return tree


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Every (mapping or list, key or index) in the tree."""
    out: list[tuple[Any, Any]] = []
    open_ends = [tree]
    while open_ends:
        here = open_ends.pop()
        if isinstance(here, dict):
            pairs = list(here.items())
        elif isinstance(here, list):
            pairs = list(enumerate(here))
        else:
            continue
        out += [(here, key) for key, _ in pairs]
        open_ends += [value for _, value in pairs]
    return out


def _change(holder: Any, key: Any, places: Sequence[tuple[Any, Any]], rng: random.Random) -> None:
    kind = rng.randrange(7)
    if kind == 0:
        holder[key] = rng.choice(QUANTITIES)
    elif kind == 1:
        holder[key] = rng.choice(WORDS)
    elif kind == 2:
        holder.pop(key)
    elif kind == 3:
        other, place = rng.choice(places)
        if _there(other, place):
            holder[key] = copy.deepcopy(other[place])
    elif kind == 4:
        value = holder[key]
        holder[key] = rng.choice(([value], {"any": [value]}, {rng.choice(WORDS): value}))
    elif kind == 5 and isinstance(holder, dict):
        holder[_misspelt(str(key), rng)] = holder.pop(key)
    elif isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    else:
        holder[rng.choice(WORDS)] = copy.deepcopy(holder[key])


def _there(holder: Any, key: Any) -> bool:
    return key in holder if isinstance(holder, dict) else key < len(holder)


def _misspelt(word: str, rng: random.Random) -> str:
    place = rng.randrange(len(word) + 1)
    return word[:place] + rng.choice(("", "e", "_", "-")) + word[place + rng.randrange(2) :]


def noisy(text: str, rng: random.Random, number: int) -> str:
    """So many tokens put, taken or replaced."""
    for _ in range(number):
        place = rng.randrange(len(text) + 1)
        taken = rng.choice((0, 0, 1, 1, 5, 40))
        text = text[:place] + rng.choice((*TOKENS, "")) + text[place + taken :]
    return text


def as_text(tree: Any) -> str:
    """YAML of a tree, whatever it is, as people write it: blocks, and short ones in braces."""
    return "\n".join(_lines(tree, "")) + "\n"


_SHORT = 60
_PLAIN = re.compile(r"[A-Za-z0-9$][A-Za-z0-9$%^/.°µ_-]*( [A-Za-z%][A-Za-z0-9/^.()%-]*)*")


def _lines(tree: Any, indent: str) -> list[str]:
    flow = _flow(tree)
    if len(flow) <= _SHORT or not isinstance(tree, dict | list) or not tree:
        return [indent + flow]
    out: list[str] = []
    if isinstance(tree, list):
        for item in tree:
            first, *rest = _lines(item, indent + "  ")
            out += [f"{indent}- {first.lstrip(' ')}", *rest]
        return out
    for key, value in tree.items():
        inner = _lines(value, indent + "  ")
        name = f"{indent}{_flow(key)}:"
        if len(inner) == 1 and len(_flow(value)) <= _SHORT:
            out.append(f"{name} {inner[0].lstrip(' ')}")
        else:
            out += [name, *inner]
    return out


def _flow(tree: Any) -> str:
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(it)}" for key, it in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(_flow, tree)) + "]"
    if isinstance(tree, str) and (_PLAIN.fullmatch(tree) or tree in ("", "~")):
        return tree
    return json.dumps(tree, ensure_ascii=False)
