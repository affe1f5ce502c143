"""What the SDKs offer beyond asking: parsed answers, loops that run the tools
themselves, counted tokens, listed models; and an upstream that is down, seen
from each of them."""

import contextlib
import socket
from types import SimpleNamespace

import paths
from checks import Suite, equal
from dialects import DIALECTS
from gateway import Gateway, config, provider
from scenarios import SCENARIOS, TEXT, THOUGHT, model_of
from sdk import Node, sdks
from upstream import Upstream
from wires import WIRES, Said

suite = Suite("helpers, other endpoints, fallback, four SDKs")
FALLBACK = Said(reasoning=THOUGHT, text=TEXT)


@suite.stage
@contextlib.contextmanager
def stage(options):
    """The stage of the nine paths, and for each wire a gateway whose primary is
    down and whose fallback speaks that wire."""
    Node.folder = options.node
    with contextlib.ExitStack() as stack:
        nine = stack.enter_context(paths.stage(options))
        closed = stack.enter_context(socket.socket())  # bound and not listening: refused
        closed.bind(("127.0.0.1", 0))
        down = {}
        for wire, say in WIRES.items():
            hosted = stack.enter_context(Upstream({"large": say(FALLBACK)}))
            providers = {"box": provider(f"http://127.0.0.1:{closed.getsockname()[1]}/v1", "openai-responses", "small"),
                         "hosted": provider(hosted.url + "/v1", wire, "large")}
            down[wire] = stack.enter_context(Gateway(options.gateway, config(providers, "box/small", ["hosted/large"]))).url
        yield SimpleNamespace(url=nine.url, down=down)


def parsed(sdk, way, wire):
    @suite.check(f"{sdk.name} {way} over {wire}: the schema's own type")
    def _(stage):
        name = "JSON schema"
        body = DIALECTS[sdk.dialect].body(f"{wire}/{model_of(name)}", SCENARIOS[name].asked)
        outcome = sdk.run(way, stage.url, body)
        equal(outcome.get("parsed"), {"city": "Paris"}, str(outcome.get("error")))


def runs_tools(sdk, way, wire):
    @suite.check(f"{sdk.name} {way} over {wire}: the tool is run once, and the answer follows")
    def _(stage):
        scenario = SCENARIOS["tool loop"]
        body = DIALECTS[sdk.dialect].body(f"{wire}/{model_of('tool loop')}", scenario.asked)
        outcome = sdk.run(way, stage.url, body)
        assert "error" not in outcome, outcome["error"]
        equal(outcome["ran"], "Oslo", "the tool's argument")
        equal(DIALECTS[sdk.dialect].fold(outcome["final"]), scenario.said, "the closing answer")


def counts(sdk, wire):
    @suite.check(f"{sdk.name} messages.countTokens over {wire}: more for more")
    def _(stage):
        body = DIALECTS["messages"].body(f"{wire}/{model_of('text')}", SCENARIOS["tool call"].asked)
        del body["max_tokens"]
        many = sdk.run("messages.countTokens", stage.url, body)["final"]["input_tokens"]
        del body["tools"]
        few = sdk.run("messages.countTokens", stage.url, body)["final"]["input_tokens"]
        assert 0 < few < many, (few, many)


def falls_back(sdk, wire):
    @suite.check(f"{sdk.name} {sdk.dialect}, primary down: the answer of a fallback over {wire}")
    def _(stage):
        dialect = DIALECTS[sdk.dialect]
        for way in sdk.ways:
            outcome = sdk.run(way, stage.down[wire], dialect.body("default", {"prompt": "Capital of France?"}))
            said = dialect.fold(paths.answered(sdk, way, outcome))
            if sdk.loses_reasoning(way):
                said.reasoning = FALLBACK.reasoning
            equal(said, FALLBACK, way)


def lists(sdk):
    @suite.check(f"{sdk.name} models.list and models.retrieve: the catalog, one of it, 404 for another")
    def _(stage):
        name = f"openai-responses/{model_of('text')}"
        listed = sdk.run("models.list", stage.url)["final"]
        found = [model for model in listed if model["id"] == name]
        equal(len(found), 1, f"{name} in {[model['id'] for model in listed]}")
        kind = {"type": "model"} if sdk.dialect == "messages" else {"object": "model"}
        one = sdk.run("models.retrieve", stage.url, {"model": name})["final"]
        for model in (found[0], one):
            assert kind.items() <= model.items() and model["id"] == name, model
        error = sdk.run("models.retrieve", stage.url, {"model": "box/no-such"})["error"]
        equal((error["class"], error["status"]), ("NotFoundError", 404), "unknown")


for _sdk in sdks():
    if _sdk.dialect != "chat":
        lists(_sdk)
    for _wire in WIRES:
        falls_back(_sdk, _wire)
        if _sdk.dialect == "messages":
            counts(_sdk, _wire)
            runs_tools(_sdk, "beta.messages.toolRunner", _wire)
        elif (_wire, "JSON schema") not in paths.UNFIT:
            parsed(_sdk, "responses.parse" if _sdk.dialect == "responses" else "chat.completions.parse", _wire)
    if (_sdk.name, _sdk.dialect) == ("openai-node", "chat"):
        for _wire in WIRES:
            runs_tools(_sdk, "chat.completions.runTools", _wire)
