"""Several answers to one request (`n`): the official OpenAI SDKs, whole, streamed
and with their helpers, over a scripted upstream that speaks Chat Completions."""

import contextlib
import json
from types import SimpleNamespace

from checks import Suite, equal
from gateway import Gateway, config, provider
from sdk import Node, sdks
from upstream import Answer, Upstream

suite = Suite("several answers")

WHOLE, CUT, FEW = "three", "cut", "one-of-three"
SAID = ["Zürich.", "Kyōto.", ""]
THOUGHT = "Somewhere with a lake."
CALL = {"name": "get_weather", "arguments": '{"city": "Kyōto"}'}


def chunks(*pieces):
    """A stream of these pieces: of which answer, and what of it."""
    for index, delta, reason in pieces:
        choice = {"index": index, "delta": delta, "finish_reason": reason}
        yield {"id": "up", "object": "chat.completion.chunk", "created": 7, "model": "up", "choices": [choice]}


def stream(pieces, usage=None):
    told = list(chunks(*pieces))
    if usage:
        told.append({"id": "up", "object": "chat.completion.chunk", "created": 7, "model": "up", "choices": [], "usage": usage})
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in told)
    return Answer((body + "data: [DONE]\n\n").encode())


def calling(index, arguments, **more):
    return (index, {"tool_calls": [{"index": 0, "function": {"arguments": arguments}, **more}]}, None)


PIECES = [
    (1, {"role": "assistant", "content": "<thi"}, None),
    (0, {"role": "assistant", "content": "Zür"}, None),
    (2, {"role": "assistant", "tool_calls": [{"index": 0, "id": "call_1", "type": "function",
                                              "function": {"name": CALL["name"], "arguments": ""}}]}, None),
    (1, {"content": f"nk>{THOUGHT}</think>"}, None),
    calling(2, CALL["arguments"][:9]),
    (0, {"content": "ich."}, None),
    (0, {}, "stop"),
    (1, {"content": SAID[1]}, None),
    calling(2, CALL["arguments"][9:]),
    (1, {}, "stop"),
    (2, {}, "tool_calls"),
]
USAGE = {"prompt_tokens": 11, "completion_tokens": 30, "total_tokens": 41}
ANSWERS = {WHOLE: stream(PIECES, USAGE), CUT: stream(PIECES[:7]), FEW: stream(PIECES[1:2] + PIECES[5:7], USAGE)}


@suite.stage
@contextlib.contextmanager
def stage(options):
    """One gateway in front of one upstream, which is two providers: it speaks Chat, and is said to speak Messages."""
    Node.folder = options.node
    with Upstream(ANSWERS) as upstream:
        providers = {"box": provider(upstream.url + "/v1", "openai-completions", *ANSWERS),
                     "other": provider(upstream.url, "anthropic-messages", WHOLE)}
        with Gateway(options.gateway, config(providers, f"box/{WHOLE}")) as gateway:
            yield SimpleNamespace(url=gateway.url, upstream=upstream)


def ask(stage, sdk, way, model):
    body = {"model": model, "n": 3, "messages": [{"role": "user", "content": "Where to?"}],
            "tools": [{"type": "function", "function": {"name": CALL["name"], "parameters": {"type": "object"}}}]}
    if way.endswith(".create stream"):
        body["stream_options"] = {"include_usage": True}
    return sdk.run(way, stage.url, body)


def folded(way, outcome):
    """The answers: index, text, reasoning, calls, ending."""
    if not way.endswith(".create stream"):
        for choice in sorted(outcome["final"]["choices"], key=lambda choice: choice["index"]):
            message = choice["message"]
            calls = [(call["function"]["name"], call["function"]["arguments"]) for call in message.get("tool_calls") or ()]
            yield (choice["index"], message.get("content") or "", message.get("reasoning_content") or "", calls, choice["finish_reason"])
        return
    each = {}
    for choice in (choice for event in outcome["events"] for choice in event["choices"]):
        answer = each.setdefault(choice["index"], {"text": "", "thought": "", "calls": [], "end": None})
        delta = choice["delta"]
        answer["text"] += delta.get("content") or ""
        answer["thought"] += delta.get("reasoning_content") or ""
        for call in delta.get("tool_calls") or ():
            if call.get("id"):
                answer["calls"].append([call["function"]["name"], ""])
            answer["calls"][-1][1] += call["function"].get("arguments") or ""
        answer["end"] = choice.get("finish_reason") or answer["end"]
    for index, answer in sorted(each.items()):
        yield (index, answer["text"], answer["thought"], [tuple(call) for call in answer["calls"]], answer["end"])


def comes_whole(sdk, way):
    @suite.check(f"{sdk.name} {way}: three answers, each with its own")
    def _(stage):
        outcome = ask(stage, sdk, way, f"box/{WHOLE}")
        equal(stage.upstream.requests[-1][2]["n"], 3, "what was asked for")
        assert "error" not in outcome, outcome["error"]
        said = list(folded(way, outcome))
        thought = "" if sdk.loses_reasoning(way) else THOUGHT
        if sdk.loses_reasoning(way):
            said = [(index, text, "", calls, end) for index, text, _, calls, end in said]
        equal(said, [(0, SAID[0], "", [], "stop"), (1, SAID[1], thought, [], "stop"),
                     (2, SAID[2], "", [(CALL["name"], CALL["arguments"])], "tool_calls")], way)
        if way != "chat.completions.stream":  # asks for no counts
            documents = outcome["events"] if way.endswith(".create stream") else [outcome["final"]]
            counts = [document["usage"] for document in documents if document.get("usage")]
            equal([{key: usage[key] for key in USAGE} for usage in counts], [USAGE], "one count")


def is_told(sdk, way, model, words, status):
    @suite.check(f"{sdk.name} {way}: {words}")
    def _(stage):
        error = ask(stage, sdk, way, model).get("error")
        assert error, "no error"
        if way.endswith(".create"):
            equal(error["status"], status, way)
        assert words in error["message"], error


for _sdk in sdks():
    if _sdk.dialect == "chat":
        for _way in _sdk.ways:
            comes_whole(_sdk, _way)
            is_told(_sdk, _way, f"box/{CUT}", "without its terminal event", 502)
            is_told(_sdk, _way, f"box/{FEW}", "upstream gave 1 of the 3 answers asked for", 400)
        is_told(_sdk, _sdk.ways[0], f"other/{WHOLE}", "cannot give more than one answer (`n`)", 400)
