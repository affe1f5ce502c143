"""What oc-providers writes for clients (`crates/oc-providers/tests/goldens`),
read with each dialect's official SDKs: every stream as a plain stream and with
the helper, every document whole. No gateway takes part."""

import contextlib
import json
from pathlib import Path
from types import SimpleNamespace

from checks import Suite, equal
from dialects import DIALECTS, Usage
from paths import answered, failure
from sdk import Node, sdks
from upstream import Answer, Upstream

suite = Suite("golden files, four SDKs")
GOLDENS = Path(__file__).parents[3] / "crates/oc-providers/tests/goldens"
EXPECTED = json.loads((GOLDENS / "expected/answers.json").read_text())
ENDS = {"tool_calls": "stop", "content_filter": "filter"}


def files():
    """By the name that is asked for as a model: what a client gets."""
    for dialect in DIALECTS:
        for path in sorted((GOLDENS / dialect).glob("*.*")):
            kind = "text/event-stream" if path.suffix == ".sse" else "application/json"
            yield f"{dialect}/{path.name}", Answer(path.read_bytes(), content_type=kind)


FILES = dict(files())


@suite.stage
@contextlib.contextmanager
def stage(options):
    Node.folder = options.node
    with Upstream(FILES) as server:
        yield SimpleNamespace(url=server.url)


def reads(sdk, scenario, names):
    @suite.check(f"{sdk.name} {sdk.dialect} reads {scenario} ({len(names)} files)")
    def _(stage):
        body = DIALECTS[sdk.dialect].body("", {"prompt": "hi"})
        for name in names:
            streamed = name.endswith(".sse")
            for way in sdk.ways[1:] if streamed else sdk.ways[:1]:
                outcome = sdk.run(way, stage.url, body | {"model": name})
                holds(sdk, way, EXPECTED[scenario], outcome, f"{name}, {way}")


def holds(sdk, way, expected, outcome, what):
    """The SDK has what `expected/answers.json` says, which its README explains."""
    dialect, end = DIALECTS[sdk.dialect], ENDS.get(expected["ending"], expected["ending"])
    if end == "error":
        failure(sdk, way, outcome)
        if way.endswith(".stream"):
            equal(outcome["text"], expected["text"], f"{what}: the text before the failure")
        return
    if raised := sdk.raises(way, end):
        equal(outcome["error"]["class"], raised, what)
        return
    document = answered(sdk, way, outcome)
    said = dialect.fold(document)
    equal(said.text + said.refusal, expected["text"], f"{what}: text")
    if not sdk.loses_reasoning(way):
        equal(said.reasoning, expected["reasoning"], f"{what}: reasoning")
    equal([(call.name, call.arguments) for call in said.calls],
          [(call["name"], call["arguments"]) for call in expected["calls"]], f"{what}: calls")
    ids = [call.id for call in said.calls]
    assert all(ids) and len(set(ids)) == len(ids), f"{what}: ids {ids}"
    for got, call in zip(ids, expected["calls"]):
        assert call["id"] in (None, got), f"{what}: id {got}, wanted {call['id']}"
    # A refusal in words is an answer; Messages has one reason for both.
    refused = sdk.dialect == "messages" and document["stop_reason"] == "refusal" and end == "stop"
    equal("stop" if refused else said.end, end, f"{what}: ending")
    if way != "chat.completions.stream":  # asked for no counts: its helper has none
        equal(dialect.usage(document), counted(sdk, expected["usage"]), f"{what}: usage")


def counted(sdk, usage):
    if usage is None:
        return Usage(0, 0, 0)
    reasoning = 0 if sdk.dialect == "messages" else usage["reasoning"]
    return Usage(usage["input"], usage["cached"], usage["output"], reasoning)


for _sdk in sdks():
    for _scenario in EXPECTED:
        _names = [name for name in FILES if name.startswith(f"{_sdk.dialect}/{_scenario}.")]
        if _names:
            reads(_sdk, _scenario, _names)
