"""Resolved copies: plain values to YAML text that loads to the same, and their digest."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML


def dump(values: Mapping[str, Any], comment: str = "") -> str:
    """YAML text, keys in the given order; depends on the values alone."""
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 4096
    yaml.allow_unicode = True
    out = io.StringIO()
    yaml.dump(dict(values), out)
    return f"# {comment}\n{out.getvalue()}" if comment else out.getvalue()


def digest(values: Mapping[str, Any]) -> str:
    """SHA-256 of the values in a canonical form: no comments, no layout, no file name."""
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
