"""The keys of what makes steps out of steps: repeat, sweep, for_each_sample, include, plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labctl.quantities import Kind
from labctl.yamlfile import (
    Amount,
    AnyPlain,
    Choice,
    Chosen,
    Count,
    Deferred,
    Field,
    ListOf,
    MapOf,
    Name,
    Node,
    Ref,
    Row,
    Shape,
    Table,
    Text,
    TextOr,
)

if TYPE_CHECKING:
    from labctl.yamlfile import Reader


def _step() -> Shape[Chosen]:
    from labctl.protocol._fields import STEP

    return STEP


STEP_LIST = ListOf(Ref("step", _step))

TIMES = Field("times", Count(1, 1000), "How many times", True)
REPEATED: Field[list[Chosen]] = Field("steps", STEP_LIST, "What is repeated", True)
REPEAT = Field("repeat", Table("repeat step", (TIMES, REPEATED)), "Do steps several times")

PARAM = Field("param", Name(r"[a-z][a-z0-9_]{0,31}", "power"),
              "What `$name` the values stand for in the steps", True)  # fmt: skip
VALUES = Field("values", ListOf(Text(80)), "One round of the steps for each", True)
ORDER = Field(
    "order",
    Choice({"as_written": "in this order", "shuffled": "in an order drawn from the run's seed"}),
    "`as_written`, or `shuffled` by the seed, which the record keeps",
)
SWEPT: Field[Node] = Field("steps", Deferred(STEP_LIST), "What is done at each value", True)
SWEEP = Field("sweep", Table("sweep step", (PARAM, VALUES, ORDER, SWEPT)),
              "Do steps once for each value")  # fmt: skip

ID = Field("id", Text(200), "What the sample is called; or a sample file's name", True)
OF = Field("of", Text(200), "The sample file that it is a dilution of")
SAMPLE_CONCENTRATION = Field("concentration", Amount(Kind.CONCENTRATION, low=0.0),
                             "Mass of particles in a volume")  # fmt: skip


class _SampleAlone(Text):
    """`water` for `{id: water}`."""

    def read(self, node: Node, reader: Reader) -> Any:
        text = super().read(node, reader)
        return None if text is None else (text, node)


_SAMPLE: Shape[Any] = TextOr(_SampleAlone(200), Table("sample", (ID, OF, SAMPLE_CONCENTRATION)))
SAMPLES: Field[list[tuple[str, Node] | Row]] = Field(
    "samples",
    ListOf(_SAMPLE),
    "One run for each: a sample's name, or {id, of, concentration}",
    True,
)
SERIES_PROMPT: Field[Node] = Field(
    "prompt", Deferred(Text(500)), "What the person is asked before each, with `$sample.id`"
)
SERIES_STEPS: Field[Node] = Field("steps", Deferred(STEP_LIST), "What is done with each", True)
FOR_EACH_SAMPLE = Field(
    "for_each_sample",
    Table("for_each_sample step", (SAMPLES, OF, SERIES_PROMPT, SERIES_STEPS)),
    "A run of the same steps for each sample; the only step of a protocol",
)

FILE = Field("file", Text(200), "Another protocol, relative to this one", True)
WITH_TEXTS = Field("with", MapOf(Text(200)), "Its parameters")
INCLUDE = Field("include", Table("include step", (FILE, WITH_TEXTS)),
                "The steps of another protocol")  # fmt: skip

USES = Field("uses", Name(example="mylab-ramp"),
             "An installed entry point of the group `labctl.steps`", True)  # fmt: skip
WITH_PLAIN: Field[Node] = Field("with", Deferred(AnyPlain()), "What the plugin is given")
PLUGIN = Field("plugin", Table("plugin step", (USES, WITH_PLAIN)),
               "Steps that an installed package makes")  # fmt: skip

STRUCTURE: tuple[Field[Any], ...] = (REPEAT, SWEEP, FOR_EACH_SAMPLE, INCLUDE, PLUGIN)
