"""Files that people write in YAML 1.2: read with the place of every key and value, checked against
declared shapes, all problems told at once.

One declaration of a file's shape gives both the messages and the JSON Schema.
"""

from labctl.yamlfile._amounts import Amount, Measured, StatedAmount
from labctl.yamlfile._codes import CODES
from labctl.yamlfile._compose import read_text
from labctl.yamlfile._dump import digest, dump
from labctl.yamlfile._mark import ListNode, MapNode, Mark, Node, Pair, ScalarNode, plain
from labctl.yamlfile._more_shapes import Deferred, OneOrMore, TextOr
from labctl.yamlfile._one_key import Chosen, OneKey
from labctl.yamlfile._reader import Reader, did_you_mean
from labctl.yamlfile._render import render, render_github, render_json
from labctl.yamlfile._shapes import (
    AnyPlain,
    Choice,
    Count,
    Date,
    Item,
    ListOf,
    MapOf,
    Name,
    Ref,
    Shape,
    Text,
    Truth,
)
from labctl.yamlfile._shipped import find_file, shipped_folder
from labctl.yamlfile._source import Source, is_file, only_below, open_source
from labctl.yamlfile._table import Field, Row, Table, json_schema

__all__ = [
    "CODES",
    "Amount",
    "AnyPlain",
    "Choice",
    "Chosen",
    "Count",
    "Date",
    "Deferred",
    "Field",
    "Item",
    "ListNode",
    "ListOf",
    "MapNode",
    "MapOf",
    "Mark",
    "Measured",
    "Name",
    "Node",
    "OneKey",
    "OneOrMore",
    "Pair",
    "Reader",
    "Ref",
    "Row",
    "ScalarNode",
    "Shape",
    "Source",
    "StatedAmount",
    "Table",
    "Text",
    "TextOr",
    "Truth",
    "did_you_mean",
    "digest",
    "dump",
    "find_file",
    "is_file",
    "json_schema",
    "only_below",
    "open_source",
    "plain",
    "read_text",
    "render",
    "render_github",
    "render_json",
    "shipped_folder",
]
