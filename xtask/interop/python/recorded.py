"""openai-python against the gateway over a scripted upstream: recorded streams
of llama.cpp's server, and every way an upstream can fail.

Run by `cargo xtask interop`; needs openai (requirements.txt) and the binary."""

import contextlib
import socket
import threading
from pathlib import Path
from types import SimpleNamespace

import openai

import client as ask
from checks import Suite, equal
from gateway import Gateway, config, provider
from upstream import Answer, Upstream, failure
from wires import messages

suite = Suite("recorded streams and failures, openai-python")

ROOT = Path(__file__).parents[3]
LOOP = "word after word it goes on and round again; "
THOUGHT = "The user greets me; I weigh an answer and keep it short."
FALLBACK = "The hosted model answers: привет, 4."
TOOLS = {"tools": [ask.WEATHER]}
TEXT = "response.output_text.delta"
REASONING = "response.reasoning_text.delta"


# Bodies of `POST /v1/responses` with `stream: true`, byte for byte as the
# servers sent them on 20 Nov 2026: llama-server 0.5.0-dev (0c1e57098), vLLM
# 0.32.0, transformers serve 5.19.0, LiteLLM 1.106.2, all over the scripted model.
RECORDINGS = ROOT / "crates/oc-responses-stream/tests/fixtures"


def recording(name, server="llama-server"):
    return Answer((RECORDINGS / server / f"{name}.sse").read_bytes())


HELLO = recording("responses-instructions-stream")
THINK = recording("responses-think-stream")

# What each recording says, known from the scripted model that spoke it:
# reasoning, text, tool calls, final status, and what was asked for.
RECORDED = {
    "responses-instructions-stream": ("", "Hello from the puppet. The sky is blue, and two plus two is four.", [], "completed", {}),
    "responses-think-stream": (THOUGHT, "Final answer: forty-two.", [], "completed", {}),
    "format-none-responses-think-stream": (THOUGHT, "Final answer: forty-two.", [], "completed", {}),
    "responses-tool-stream": ("", "", [("get_weather", {"city": "Oslo"})], "completed", TOOLS),
    "responses-two-tools-stream": ("", "", [("get_weather", {"city": "Rome"}), ("get_weather", {"city": "Lima"})], "completed", TOOLS),
    "responses-utf8-stream": ("", "Привет, мир \U0001F600 你好 café.", [], "completed", {}),
    "ping-responses-stream": ("", (LOOP * 9)[:137], [], "incomplete", {"max_output_tokens": 40}),
    "responses-length-stream": ("", (LOOP * 9)[:82], [], "incomplete", {"max_output_tokens": 24}),
    "window-filled-responses-stream": ("", (LOOP * 99)[:830], [], "completed", {}),
}


def every_recording():
    """By model: llama-server's by their name, the others' as `server.name`."""
    for path in sorted(RECORDINGS.glob("*/*.sse")):
        name = path.stem if path.parent.name == "llama-server" else f"{path.parent.name}.{path.stem}"
        yield name, recording(path.stem, path.parent.name)


@suite.stage
@contextlib.contextmanager
def stage(options):
    """One gateway in front of one upstream that has every recording as a model."""
    with Upstream(every_recording()) as upstream:
        box = provider(upstream.url + "/v1", "openai-responses", *upstream.answers)
        parsed = provider(upstream.url + "/v1", "openai-responses", *TOOLS_AS_TEXT)
        named = {"providers": {"parsed": {"models": {name: {"toolCallParser": "hermes"} for name in TOOLS_AS_TEXT}}}}
        with Gateway(options.gateway, config({"box": box, "parsed": parsed}, "box/responses-think-stream"), settings=named) as gateway:
            yield SimpleNamespace(binary=options.gateway, gateway=gateway, upstream=upstream)


@contextlib.contextmanager
def pair(stage, primary, fallback=None, settings=None):
    """A fresh gateway (no cooldown from another check) with a primary that
    speaks Responses and, if asked for, a fallback that speaks Messages."""
    with contextlib.ExitStack() as stack:
        box = stack.enter_context(Upstream({"small": primary}))
        providers = {"box": provider(box.url + "/v1", "openai-responses", "small")}
        fallbacks, hosted = [], None
        if fallback is not None:
            hosted = stack.enter_context(Upstream({"large": fallback}))
            providers["hosted"] = provider(hosted.url, "anthropic-messages", "large")
            fallbacks = ["hosted/large"]
        gateway = stack.enter_context(
            Gateway(stage.binary, config(providers, "box/small", fallbacks), settings=settings))
        yield SimpleNamespace(gateway=gateway, client=gateway.client(), box=box, hosted=hosted)


def all_failed(error, candidate):
    """The text of an exhausted chain names each candidate and what to do."""
    assert "All models failed (" in str(error) and candidate in str(error), error


def expect(error, call):
    try:
        call()
    except error as raised:
        return raised
    raise AssertionError(f"no {error.__name__}")


# -- recorded streams ---------------------------------------------------------

def replay(name, reasoning, text, tools, status, request):
    @suite.check(f"recorded {name}: whole, plain and the strict helper agree")
    def _(stage):
        reply = ask.every_way(stage.gateway.client(), model=f"box/{name}", input="hi", **request)
        equal((reply.reasoning.strip(), reply.text.strip()), (reasoning, text.strip()), "reasoning and text")
        equal((reply.tools, reply.status), (tools, status), "tools and status")
        assert reply.usage.get("output_tokens"), f"usage is lost: {reply.usage}"
        if status == "incomplete":
            equal(reply.raw["incomplete_details"], {"reason": "max_output_tokens"}, "incomplete_details")


for _name, _row in RECORDED.items():
    replay(_name, *_row)


@suite.check("recorded without the gateway: the strict helper refuses what we repair")
def _(stage):
    direct = openai.OpenAI(base_url=stage.upstream.url + "/v1", api_key="x", max_retries=0)
    expect((RuntimeError, IndexError, TypeError, AttributeError, AssertionError),
           lambda: ask.helper(direct, model="responses-think-stream", input="hi"))


@suite.check("recorded responses-empty-stream, alone: an explicit failure, asked once")
def _(stage):
    before = len(stage.upstream.requests)
    for way in ask.WAYS.values():
        error = expect(openai.APIStatusError, lambda: way(stage.gateway.client(), model="box/responses-empty-stream", input="hi"))
        equal(error.status_code // 100, 5, "status")
        all_failed(error, "box/responses-empty-stream: ")
    # One retry of the same target is the plan's; the client's own are called off.
    sent = len(stage.upstream.requests) - before
    assert sent <= 2 * len(ask.WAYS), f"{sent} requests: the client repeated them"


def cut_after_text(name):
    @suite.check(f"recorded {name}: the text so far, then one failure")
    def _(stage):
        events, _ = ask.events(stage.gateway.client(), model=f"box/{name}", input="hi")
        ask.laws.check(events)
        text = "".join(e["delta"] for e in events if e["type"] == TEXT)
        assert text and (LOOP * 99).startswith(text), text
        equal([e["type"] for e in events[-2:]], ["error", "response.failed"], "the end")


for _name in ("killed-mid-stream-responses", "terminated-mid-stream-responses"):
    cut_after_text(_name)


# transformers serve parses no tool calls: they come as text, which is a failure
# where the settings do not name the grammar for the model.
TOOLS_AS_TEXT = {
    "transformers-serve.responses-think-tool-stream": ["Bergen"], "transformers-serve.responses-think-tool": ["Bergen"],
    "transformers-serve.responses-two-tools-stream": ["Rome", "Lima"],
}

# Recordings of other servers that hold no answer: empty, reasoning only (vLLM's
# parser takes text without </think> for reasoning), or half of a tool call.
WITHOUT_ANSWER = {
    "litellm.mock-internal-responses-stream", "litellm.responses-badtool-stream", "litellm.responses-empty-stream",
    "transformers-serve.responses-badtool-stream",
    "transformers-serve.responses-empty-stream", "transformers-serve.responses-empty",
    "transformers-serve.responses-length-in-think-stream", *TOOLS_AS_TEXT,
    "vllm.responses-badtool-stream", "vllm.responses-empty-stream", "vllm.responses-tool-stream", "vllm.responses-two-tools-stream",
    "vllm.responses-utf8-stream",
}


def same_end(name):
    what = "an explicit failure" if name in WITHOUT_ANSWER else "one answer"

    @suite.check(f"recorded {name}: {what} in every way")
    def _(stage):
        ends = {}
        for way, function in ask.WAYS.items():
            try:
                reply = function(stage.gateway.client(), model=f"box/{name}", input="hi", **TOOLS)
                answer = (reply.status, reply.text, reply.reasoning, reply.tools)
                ends[way] = "failed" if reply.status == "failed" else answer
            except openai.APIStatusError as error:
                all_failed(error, f"box/{name}: ")
                ends[way] = "failed"
        equal(len({str(end) for end in ends.values()}), 1, str(ends))
        equal(ends["whole"] == "failed", name in WITHOUT_ANSWER, str(ends["whole"]))


for _name, _ in every_recording():
    if "." in _name:
        same_end(_name)


def parsed(name, cities):
    @suite.check(f"recorded {name}, toolCallParser hermes: its calls in every way")
    def _(stage):
        reply = ask.every_way(stage.gateway.client(), model=f"parsed/{name}", input="hi", **TOOLS)
        equal(reply.tools, [("get_weather", {"city": city}) for city in cities], "calls")
        assert "<tool_call>" not in reply.text, reply.text


for _name, _cities in TOOLS_AS_TEXT.items():
    parsed(_name, _cities)


# -- the recommended hybrid config -------------------------------------------

def hybrid(box, hosted):
    """examples/config/hybrid.json5 with other base URLs, and nothing else."""
    text = (ROOT / "examples/config/hybrid.json5").read_text()
    assert text.count("http://127.0.0.1:1234/v1") == 1 and text.count("providers: {") == 1
    text = text.replace("http://127.0.0.1:1234/v1", box.url + "/v1")
    return text.replace("providers: {", f'providers: {{ anthropic: {{ baseUrl: "{hosted.url}", models: [] }},')


@contextlib.contextmanager
def hybrid_stage(stage, sonnet):
    with Upstream({"minimax-m2.1-gs32": recording("responses-think-stream")}) as box, \
            Upstream({"claude-sonnet-4-5": sonnet}) as hosted, \
            Gateway(stage.binary, hybrid(box, hosted), env={"ANTHROPIC_API_KEY": "sk-ant-scripted"}) as gateway:
        yield gateway.client(), hosted


@suite.check("hybrid.json5, other base URLs only: the hosted primary answers in every way")
def _(stage):
    with hybrid_stage(stage, messages(FALLBACK, thinking="Let me see.")) as (client, hosted):
        for model in ("default", "sonnet", "Sonnet", "anthropic/claude-sonnet-4-5"):
            reply = ask.every_way(client, model=model, input="hi")
            equal((reply.text, reply.reasoning, reply.status), (FALLBACK, "Let me see.", "completed"), model)
        path, headers, _ = hosted.requests[0]
        equal(path.partition("?")[0], "/v1/messages", "path")
        equal({k.lower(): v for k, v in headers.items()}.get("x-api-key"), "sk-ant-scripted", "key")


@suite.check("hybrid.json5: the hosted primary is overloaded, the local model answers")
def _(stage):
    overloaded = failure(529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
    with hybrid_stage(stage, overloaded) as (client, _):
        events, headers = ask.events(client, model="default", input="hi")
        ask.laws.check(events)
        equal(headers["x-oc-served-by"], "lmstudio/minimax-m2.1-gs32", "x-oc-served-by")
        reply = ask.every_way(client, model="default", input="hi")
        equal((reply.text, reply.reasoning.strip()), ("Final answer: forty-two.", THOUGHT), "answer")


# -- a primary that fails before its first text --------------------------------

BEFORE_TEXT = {
    "killed while it reasons": THINK.after(5, REASONING, "reset"),
    "cut inside an event while it reasons": THINK.after(5, REASONING, "cut", b'event: response.output_text.delta\ndata: {"ty'),
    "reasoning only, and no terminal event": THINK.after(5, REASONING, "clean"),
    "an empty reply": recording("responses-empty-stream"),
    "nothing at all": Answer(b""),
    "not a stream": Answer(b"<html><body>LM Studio</body></html>", content_type="text/html"),
    "garbage": Answer(b"data: {\"type\":\n\ndata: \xff\xfe\n\nevent: x\n\n"),
    "loading": failure(503, {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}),
    "rate limited": failure(429, {"error": {"message": "slow down", "type": "rate_limit_error"}}, retry_after="30"),
    "wrong key": failure(401, {"error": {"message": "Invalid API Key", "type": "authentication_error", "code": 401}}),
    "no money": failure(402, {"error": {"message": "Insufficient Balance"}}),
    "error after 200": Answer(b'event: error\ndata: {"type":"error","code":"server_error","message":"boom","param":null,"sequence_number":0}\n\n'),
}


def before_text(name, answer):
    @suite.check(f"primary fails before text, {name}: exactly the fallback's answer")
    def _(stage):
        with pair(stage, answer, messages(FALLBACK, thinking="Hm.")) as set_up:
            events, headers = ask.events(set_up.client, model="default", input="hi")
            ask.laws.check(events)
            text = "".join(e["delta"] for e in events if e["type"] == TEXT)
            equal((text, events[-1]["type"]), (FALLBACK, "response.completed"), "text and end")
            equal(headers["x-oc-served-by"], "hosted/large", "x-oc-served-by")
            assert int(headers["x-oc-attempts"]) >= 2 and headers["x-oc-fallback-reason"], dict(headers)
            reply = ask.every_way(set_up.client, model="default", input="hi")
            equal((reply.text, reply.reasoning), (FALLBACK, "Hm."), "answer")


for _name, _answer in BEFORE_TEXT.items():
    before_text(_name, _answer)


@suite.check("primary refuses the connection: the fallback's answer; alone: 502")
def _(stage):
    with socket.socket() as closed:  # bound and not listening: refused
        closed.bind(("127.0.0.1", 0))
        box = provider(f"http://127.0.0.1:{closed.getsockname()[1]}/v1", "openai-responses", "small")
        with Upstream({"large": messages(FALLBACK)}) as hosted:
            two = {"box": box, "hosted": provider(hosted.url, "anthropic-messages", "large")}
            with Gateway(stage.binary, config(two, "box/small", ["hosted/large"])) as gateway:
                equal(ask.every_way(gateway.client(), model="default", input="hi").text, FALLBACK, "text")
        with Gateway(stage.binary, config({"box": box}, "box/small")) as gateway:
            error = expect(openai.APIStatusError, lambda: ask.whole(gateway.client(), model="default", input="hi"))
            equal(error.status_code, 502, "status")
            all_failed(error, "box/small: ")


def alone(name, status, header, answer):
    @suite.check(f"no fallback, {name}: {status} and {header}, never the upstream's own status")
    def _(stage):
        with pair(stage, answer) as set_up:
            once = set_up.client.with_options(max_retries=0)
            error = expect(openai.APIStatusError, lambda: ask.plain(once, model="default", input="hi"))
            equal(error.status_code, status, str(error))
            all_failed(error, "box/small: ")
            assert error.response.headers.get(header), dict(error.response.headers)


LIMITED = failure(429, {"error": {"message": "slow down", "type": "rate_limit_error"}}, retry_after="1")
alone("wrong key", 502, "x-should-retry", BEFORE_TEXT["wrong key"])
alone("no money", 502, "x-should-retry", BEFORE_TEXT["no money"])
alone("loading", 503, "retry-after", BEFORE_TEXT["loading"])
alone("rate limited", 503, "retry-after", LIMITED)


# -- a primary that fails after text -------------------------------------------

@suite.check("killed after text: a prefix of the primary's text, then exactly one failure")
def _(stage):
    broken = HELLO.after(5, TEXT, "reset")
    with pair(stage, broken, messages(FALLBACK)) as set_up:
        events, headers = ask.events(set_up.client, model="default", input="hi")
        ask.laws.check(events)
        text = "".join(e["delta"] for e in events if e["type"] == TEXT)
        assert text and "Hello from the puppet.".startswith(text), text
        equal([e["type"] for e in events[-2:]], ["error", "response.failed"], "the end")
        equal(headers["x-oc-served-by"], "box/small", "x-oc-served-by")


# -- what clients ask for --------------------------------------------------------

@suite.check("a tool loop: the call, its result sent back, the closing sentence")
def _(stage):
    with pair(stage, [recording("responses-tool-stream"), HELLO]) as set_up:
        question = {"role": "user", "content": "weather in Oslo?"}
        call = set_up.client.responses.create(model="default", input=[question], **TOOLS).output[0]
        equal((call.type, call.name), ("function_call", "get_weather"), "call")
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "7 C, rain"}
        back = [question, call.to_dict(), result]
        reply = ask.helper(set_up.client, model="default", input=back, **TOOLS)
        assert reply.text.startswith("Hello from the puppet"), reply.text
        sent = set_up.box.requests[-1][2]["input"]
        equal([item.get("type", "message") for item in sent], ["message", "function_call", "function_call_output"], "sent on")
        equal({item["call_id"] for item in sent[1:]}, {call.call_id}, "call_id")


@suite.check("x-oc-output: final keeps reasoning from the client")
def _(stage):
    client = stage.gateway.client(default_headers={"x-oc-output": "final"})
    reply = ask.every_way(client, model="box/responses-think-stream", input="hi")
    equal((reply.reasoning, reply.text), ("", "Final answer: forty-two."), "reasoning and text")


@suite.check("a client that goes away closes the upstream")
def _(stage):
    hanging = HELLO.after(5, TEXT, "hang")
    with pair(stage, hanging) as set_up:
        stream = set_up.client.responses.create(model="default", input="hi", stream=True)
        next(e for e in stream if e.type == TEXT)
        stream.close()
        assert set_up.box.left.wait(5), "the upstream's connection is still open"


@suite.check("SIGTERM with a stream open: an explicit end, then exit 0")
def _(stage):
    hanging = HELLO.after(5, TEXT, "hang")
    with pair(stage, hanging) as set_up:
        stream = set_up.client.responses.create(model="default", input="hi", stream=True)
        next(e for e in stream if e.type == TEXT)
        codes = []
        stopper = threading.Thread(target=lambda: codes.append(set_up.gateway.process.terminate()))
        stopper.start()
        last = [e.type for e in stream][-1]
        stopper.join()
        assert last in ask.laws.TERMINAL, last


@suite.check("unknown model: 404 with the nearest name")
def _(stage):
    error = expect(openai.NotFoundError, lambda: ask.whole(stage.gateway.client(), model="box/responses-thinkstream", input="hi"))
    equal(error.code, "model_not_found", "code")
    assert "box/responses-think-stream" in str(error), error


@suite.check("what is not built is refused by name")
def _(stage):
    for name, value in (("previous_response_id", "resp_1"), ("conversation", "conv_1"), ("background", True)):
        error = expect(openai.BadRequestError, lambda: ask.whole(stage.gateway.client(), model="default", input="hi", **{name: value}))
        equal((error.param, error.type), (name, "invalid_request_error"), name)


@suite.check("models.list names the catalog")
def _(stage):
    names = {model.id for model in stage.gateway.client().models.list()}
    assert "box/responses-think-stream" in names, names


@suite.check("async client, forty at once")
def _(stage):
    import asyncio

    async def many():
        async with openai.AsyncOpenAI(base_url=stage.gateway.url + "/v1", api_key="x", timeout=30) as client:
            async def one():
                async with client.responses.stream(model="box/responses-think-stream", input="hi") as stream:
                    return ask.fold(await stream.get_final_response())
            return await asyncio.gather(*(one() for _ in range(40)))

    for reply in asyncio.run(many()):
        equal((reply.text, reply.reasoning.strip()), ("Final answer: forty-two.", THOUGHT), "answer")
