"""The nine paths: every official SDK, in each of its ways, on each of the three
endpoints, in front of each of the three wires, for every row of the table in
`scenarios.py`. One check is one scenario on one path with one SDK."""

import contextlib
import json
from types import SimpleNamespace

from checks import Suite, equal
from dialects import DIALECTS, Usage
from gateway import Gateway, config, provider
from scenarios import PNG, RESULT, SCENARIOS, THOUGHT, model_of
from sdk import Node, sdks
from upstream import Upstream
from wires import CACHED, INPUT, OUTPUT, WIRES

suite = Suite("nine paths, four SDKs")

PATHS = {"openai-responses": "/v1/responses", "openai-completions": "/v1/chat/completions", "anthropic-messages": "/v1/messages"}


def answers(wire):
    """By model: a scenario's answer, or its tool call as long as no result came."""
    for name, scenario in SCENARIOS.items():
        last = WIRES[wire](scenario.said)
        first = WIRES[wire](scenario.asked["back"]) if "back" in scenario.asked else last
        yield model_of(name), lambda body, _, first=first, last=last: last if RESULT in json.dumps(body) else first


@suite.stage
@contextlib.contextmanager
def stage(options):
    """One gateway in front of three upstreams, one for each wire."""
    Node.folder = options.node
    with contextlib.ExitStack() as stack:
        upstreams = {wire: stack.enter_context(Upstream(answers(wire))) for wire in WIRES}
        providers = {wire: provider(upstream.url + "/v1", wire, *upstream.answers, input=["text", "image"])
                     for wire, upstream in upstreams.items()}
        primary = f"openai-responses/{model_of('text')}"
        gateway = stack.enter_context(Gateway(options.gateway, config(providers, primary)))
        yield SimpleNamespace(url=gateway.url, upstreams=upstreams)


def ask(stage, sdk, way, wire, name):
    """One question in one way: the outcome, and the request that the upstream got."""
    dialect = DIALECTS[sdk.dialect]
    body = dialect.body(f"{wire}/{model_of(name)}", SCENARIOS[name].asked)
    if way == "chat.completions.create stream":
        body["stream_options"] = {"include_usage": True}
    if "back" in SCENARIOS[name].asked:
        first = sdk.run(sdk.ways[0], stage.url, body)
        assert "error" not in first, first
        back = SCENARIOS[name].asked["back"]
        equal(dialect.fold(first["final"]), back, f"{way}: the first turn")
        body = dialect.next_turn(body, first["final"], RESULT)
    outcome = sdk.run(way, stage.url, body)
    path, _, sent = stage.upstreams[wire].requests[-1]
    equal(path.partition("?")[0], PATHS[wire], "the upstream's path")
    equal(sent["model"], model_of(name), "the upstream's model")
    return outcome, sent


def answered(sdk, way, outcome):
    """The answer as one document of the client's dialect."""
    assert "error" not in outcome, f"{way}: {outcome['error']}"
    if way.endswith(".create stream"):
        return DIALECTS[sdk.dialect].streamed(outcome["events"])
    return outcome["final"]


def holds(sdk, wire, name, scenario):
    @suite.check(f"{sdk.name} {sdk.dialect} over {wire}: {name}", cell=(f"{sdk.name}, {sdk.dialect}", wire))
    def _(stage):
        dialect = DIALECTS[sdk.dialect]
        for way in sdk.ways:
            outcome, sent = ask(stage, sdk, way, wire, name)
            arrived(scenario.asked, wire, sent)
            if raised := sdk.raises(way, scenario.said.end):
                equal(outcome["error"]["class"], raised, way)
                continue
            document = answered(sdk, way, outcome)
            said, expected = dialect.fold(document), dialect.expected(scenario.said)
            if sdk.loses_reasoning(way):
                said.reasoning = expected.reasoning
            equal(said, expected, way)
            if way.endswith(".stream"):
                equal(outcome["text"], said.text, f"{way}: the text in pieces")
            if way != "chat.completions.stream":  # asks for no counts
                equal(dialect.usage(document), Usage(INPUT, CACHED, OUTPUT), f"{way}: usage")


def arrived(asked, wire, sent):
    """What the question held is in the upstream's request, in its own place."""
    text = json.dumps(sent, ensure_ascii=False)
    assert asked["prompt"] in text, "the prompt is lost"
    assert "image" not in asked or PNG in text, "the image is lost"
    assert "schema" not in asked or "additionalProperties" in text, "the schema is lost"
    for tool in asked.get("tools", ()):
        assert f'"name": "{tool["name"]}"' in text, f"the tool {tool['name']} is lost"
    if "max_tokens" in asked:
        limits = [sent.get(key) for key in ("max_output_tokens", "max_tokens", "max_completion_tokens")]
        assert asked["max_tokens"] in limits, f"the limit is lost: {limits}"
    if "back" in asked:
        ids = CALL_IDS[wire](sent)
        assert len(ids) == 2 and ids[0] == ids[1], f"the call and its result do not match: {ids}"
        assert asked["back"].text in text, "what was said before the call is lost"
        assert THOUGHT not in "".join(visible(sent)), "reasoning is replayed as text"


# Ids of calls and of results, as each wire has them in a request.
CALL_IDS = {
    "openai-responses": lambda sent: [item["call_id"] for item in sent["input"] if "call_id" in item],
    "openai-completions": lambda sent: [call["id"] for message in sent["messages"] for call in message.get("tool_calls") or ()]
    + [message["tool_call_id"] for message in sent["messages"] if message["role"] == "tool"],
    "anthropic-messages": lambda sent: [block.get("id", block.get("tool_use_id")) for message in sent["messages"]
                                        for block in message["content"] if block["type"] in ("tool_use", "tool_result")],
}


def visible(sent):
    """Every text of a request that the model takes for said aloud."""
    for turn in sent.get("input") or sent["messages"]:
        content = turn.get("content") or "" if turn.get("type", "message") == "message" else ""
        yield content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def fails(sdk, wire, name):
    @suite.check(f"{sdk.name} {sdk.dialect} over {wire}: {name}", cell=(f"{sdk.name}, {sdk.dialect}", wire))
    def _(stage):
        for way in sdk.ways:
            outcome, _ = ask(stage, sdk, way, wire, name)
            if way.endswith(".create"):
                end = outcome.get("error") or {}
                equal((end.get("class"), end.get("status")), ("InternalServerError", 502), way)
                assert "All models failed (" in end["message"], end
            else:
                told = failure(sdk, way, outcome)
                assert "upstream_failed" in told and "after its answer began" in told, told


def failure(sdk, way, outcome):
    """What a failure within a stream says, told by the SDK in its own way."""
    if (sdk.name, way) == ("openai-python", "responses.stream"):
        equal(outcome["final"]["status"], "failed", way)
        return json.dumps(outcome["final"]["error"])
    if (sdk.name, way) == ("openai-python", "responses.create stream"):
        # It hands out both events and leaves the judgement to its user.
        equal([event["type"] for event in outcome["events"][-2:]], ["error", "response.failed"], way)
        return json.dumps(outcome["events"][-1])
    assert "error" in outcome, f"{way}: no error"
    equal(outcome["error"]["class"], "APIStatusError" if sdk.name == "anthropic-python" else "APIError", way)
    return json.dumps(outcome["error"])


def cannot(sdk, wire, name, what):
    @suite.check(f"{sdk.name} {sdk.dialect} over {wire}: {name}: refused by name, nothing sent",
                 cell=(f"{sdk.name}, {sdk.dialect}", wire))
    def _(stage):
        before = len(stage.upstreams[wire].requests)
        for way in sdk.ways:
            body = DIALECTS[sdk.dialect].body(f"{wire}/{model_of(name)}", SCENARIOS[name].asked)
            error = sdk.run(way, stage.url, body)["error"]
            equal((error["class"], error["status"]), ("BadRequestError", 400), way)
            assert what in error["message"], error
        equal(len(stage.upstreams[wire].requests), before, "requests")


# A host of the Messages wire that is not Anthropic's has no field for a schema:
# it is passed over, and with nobody else in the chain the client is told.
UNFIT = {("anthropic-messages", "JSON schema"): "cannot follow a JSON schema"}

for _sdk in sdks():
    for _wire in WIRES:
        for _name, _scenario in SCENARIOS.items():
            if (_wire, _name) in UNFIT:
                cannot(_sdk, _wire, _name, UNFIT[_wire, _name])
            elif _scenario.said.end == "error":
                fails(_sdk, _wire, _name)
            else:
                holds(_sdk, _wire, _name, _scenario)
