"""The nine paths with llama.cpp's server as the upstream of each wire: every
official SDK on its endpoints, and llmprobe, beside what the same server answers
without the gateway."""

import contextlib
from types import SimpleNamespace

import paths
import probe
from checks import Suite, equal
from dialects import DIALECTS
from gateway import Gateway, config, provider
from llama import HELLO, LOOP, THOUGHT, LlamaServer
from scenarios import OSLO, RESULT, WEATHER, asking
from sdk import Node, sdks
from wires import WIRES, Call, Said

suite = Suite("llama-server, nine paths, four SDKs and llmprobe", limit=300)
CLOSING = "The tool has answered, and I am done with it."

# The prompt's word makes the puppet say what is known from puppet-scripts.json.
SCENARIOS = {
    "text": (asking("Say hello."), Said(text=HELLO)),
    "reasoning": (asking("SCN_THINK hi"), Said(reasoning=THOUGHT, text="Final answer: forty-two.")),
    "tool call": (asking("SCN_TOOL weather in Oslo?", tools=[WEATHER]), Said(calls=(OSLO,))),
    "parallel tools": (asking("SCN_2TOOLS", tools=[WEATHER]),
                       Said(calls=(Call("get_weather", {"city": "Rome"}), Call("get_weather", {"city": "Lima"})))),
    "reasoning, text, tool": (asking("SCN_RTOOL weather in Bergen?", tools=[WEATHER]), Said(
        reasoning="I need the weather, so I call the tool.", text="Let me look that up.",
        calls=(Call("get_weather", {"city": "Bergen"}),))),
    "tool loop": (asking("SCN_TOOL weather in Oslo?", tools=[WEATHER], loop=True), Said(text=CLOSING)),
    "length": (asking("SCN_LOOP", max_tokens=24), None),
}


@suite.stage
@contextlib.contextmanager
def stage(options):
    """llama-server thrice: a provider for each wire, all on the one server."""
    Node.folder = options.node
    with LlamaServer(options.llama_server, options.model) as server:
        providers = {wire: provider(server.url + "/v1", wire, "puppet") for wire in WIRES}
        with Gateway(options.gateway, config(providers, "openai-responses/puppet")) as gateway:
            yield SimpleNamespace(url=gateway.url, direct=server.url, node=options.node)


def holds(sdk, wire, name, asked, said):
    @suite.check(f"llama-server, {sdk.name} {sdk.dialect} over {wire}: {name}", cell=(f"{sdk.name}, {sdk.dialect}", wire))
    def _(stage):
        dialect = DIALECTS[sdk.dialect]
        for way in sdk.ways:
            body = dialect.body(f"{wire}/puppet", asked)
            if "loop" in asked:
                body = dialect.next_turn(body, sdk.run(sdk.ways[0], stage.url, body)["final"], RESULT)
            outcome = sdk.run(way, stage.url, body)
            if said is None and sdk.raises(way, "length"):
                equal(outcome["error"]["class"], sdk.raises(way, "length"), way)
                continue
            got = dialect.fold(paths.answered(sdk, way, outcome))
            if said is None:
                assert got.end == "length" and got.text and (LOOP * 9).startswith(got.text), got
                continue
            if sdk.loses_reasoning(way):
                got.reasoning = said.reasoning
            got.reasoning, got.text = got.reasoning.strip(), got.text.strip()
            equal(got, said, way)


for _sdk in sdks():
    for _wire in WIRES:
        for _name, (_asked, _said) in SCENARIOS.items():
            holds(_sdk, _wire, _name, _asked, _said)


def probed(wire):
    surface = SURFACES[wire]

    @suite.check(f"llmprobe {surface} over {wire}: what llama-server passes alone, it passes behind the gateway",
                 cell=("llmprobe, the endpoint of the same dialect", wire))
    def _(stage):
        outcomes = []
        for where, url, model in (("alone", stage.direct, "puppet"), ("behind the gateway", stage.url, f"{wire}/puppet")):
            report = probe.probe(stage.node, url, model)
            score, = (each for each in report["bySurface"] if each["surface"] == surface)
            print(f"       {where}: MUST {score['passed']}/{score['total']} here, {report['passed']}/{report['total']} in all")
            outcomes.append({each["id"]: each["outcome"] for each in report["results"] if each["surface"] == surface})
        alone, behind = outcomes
        equal([name for name in alone if alone[name] == "pass" and behind[name] == "fail"], [], "lost")


# The endpoint of the same dialect: on the others, a wire's own limits count.
SURFACES = {"openai-responses": "responses", "openai-completions": "chat", "anthropic-messages": "messages"}

for _wire in WIRES:
    probed(_wire)
