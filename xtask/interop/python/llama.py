"""openai-python against the gateway with llama.cpp's own server behind it.

Run by `cargo xtask interop --servers`, which builds the server and computes the
scripted model; the model's replies are known (puppet-scripts.json)."""

import contextlib
import json
import socket
import tempfile
import threading
import time
import urllib.error
import urllib.request
from types import SimpleNamespace

import openai

import client as ask
import programs
from checks import Suite, equal
from gateway import Gateway, config, provider
from upstream import Upstream
from wires import messages

suite = Suite("llama-server, openai-python")

HELLO = "Hello from the puppet. The sky is blue, and two plus two is four."
THOUGHT = "The user greets me; I weigh an answer and keep it short."
LOOP = "word after word it goes on and round again; "
FALLBACK = "The hosted model answers: привет, 4."
TOOLS = {"tools": [ask.WEATHER]}


class LlamaServer:
    """llama-server with the puppet loaded, on a port of its own."""

    def __init__(self, binary, model):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = tempfile.TemporaryFile()
        self.process = programs.start(
            # One thread: the model is tiny, and two that wait for each other are slow on a busy machine.
            [binary, "-m", model, "-t", "1", "-tb", "1", "--host", "127.0.0.1", "--port", str(self.port), "-c", "131072", "-np", "1",
             "--jinja", "--alias", "puppet"], stdout=self.log, stderr=self.log)

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")[-2000:]

    def __enter__(self):
        for _ in range(600):
            assert self.process.poll() is None, f"llama-server ended at its start:\n{self.said()}"
            with contextlib.suppress(urllib.error.URLError, OSError):
                if urllib.request.urlopen(self.url + "/health", timeout=1).status == 200:
                    return self
            time.sleep(0.05)
        raise AssertionError(f"llama-server is not ready after 30 s:\n{self.said()}")

    def __exit__(self, *_):
        programs.end(self.process)
        self.log.close()

    def kill(self):
        """As the kernel does it when the box runs out of memory."""
        programs.end(self.process)

    def is_generating(self):
        with urllib.request.urlopen(self.url + "/slots", timeout=5) as answer:
            return any(slot["is_processing"] for slot in json.load(answer))

    def wait_until_generating(self):
        for _ in range(500):
            if self.is_generating():
                return
            time.sleep(0.01)
        raise AssertionError("llama-server never began to generate")


@suite.stage
@contextlib.contextmanager
def stage(options):
    """One server and one gateway, for the checks that leave both alive."""
    with LlamaServer(options.llama_server, options.model) as server:
        box = provider(server.url + "/v1", "openai-responses", "puppet")
        with Gateway(options.gateway, config({"llamacpp": box}, "llamacpp/puppet")) as gateway:
            yield SimpleNamespace(options=options, server=server, client=gateway.client())


@contextlib.contextmanager
def mortal(stage, settings=None):
    """A server of its own that a check may kill, a gateway, and a fallback
    that speaks another wire."""
    with LlamaServer(stage.options.llama_server, stage.options.model) as server, \
            Upstream({"large": messages(FALLBACK, thinking="Hm.")}) as hosted:
        providers = {"llamacpp": provider(server.url + "/v1", "openai-responses", "puppet"),
                     "hosted": provider(hosted.url, "anthropic-messages", "large")}
        with Gateway(stage.options.gateway, config(providers, "llamacpp/puppet", ["hosted/large"]), settings) as gateway:
            yield server, gateway.client()


# prompt: reasoning, text, tool calls, what else is asked for
REPLIES = {
    "Say hello.": ("", HELLO, [], {}),
    "SCN_THINK hi": (THOUGHT, "Final answer: forty-two.", [], {}),
    "SCN_UTF8": ("", "Привет, мир \U0001F600 你好 café.", [], {}),
    "SCN_TOOL weather in Oslo?": ("", "", [("get_weather", {"city": "Oslo"})], TOOLS),
    "SCN_2TOOLS": ("", "", [("get_weather", {"city": "Rome"}), ("get_weather", {"city": "Lima"})], TOOLS),
    "SCN_RTOOL weather in Bergen?": (
        "I need the weather, so I call the tool.", "Let me look that up.", [("get_weather", {"city": "Bergen"})], TOOLS),
}


def reply_to(prompt, reasoning, text, tools, request):
    @suite.check(f"llama-server, {prompt}: whole, plain and the strict helper agree")
    def _(stage):
        reply = ask.every_way(stage.client, model="default", input=prompt, **request)
        equal((reply.reasoning.strip(), reply.text.strip()), (reasoning, text), "reasoning and text")
        equal((reply.tools, reply.status), (tools, "completed"), "tools and status")
        assert reply.usage.get("output_tokens"), f"usage is lost: {reply.usage}"


for _prompt, _row in REPLIES.items():
    reply_to(_prompt, *_row)


@suite.check("llama-server without the gateway: the strict helper refuses reasoning with text")
def _(stage):
    direct = openai.OpenAI(base_url=stage.server.url + "/v1", api_key="x", max_retries=0)
    try:
        ask.helper(direct, model="puppet", input="SCN_THINK hi")
    except Exception as refused:
        print(f"       ({type(refused).__name__}: {refused})")
    else:
        raise AssertionError("the helper took it: is the repair still needed?")


@suite.check("llama-server, max_output_tokens: incomplete, with its text")
def _(stage):
    reply = ask.every_way(stage.client, model="default", input="SCN_LOOP", max_output_tokens=24)
    equal(reply.status, "incomplete", "status")
    equal(reply.raw["incomplete_details"], {"reason": "max_output_tokens"}, "incomplete_details")
    assert reply.text and (LOOP * 9).startswith(reply.text), reply.text


@suite.check("llama-server, an empty reply: an explicit failure")
def _(stage):
    for way in ask.WAYS.values():
        try:
            way(stage.client, model="default", input="SCN_EMPTY")
        except openai.APIStatusError as error:
            assert "All models failed (" in str(error) and "llamacpp/puppet: " in str(error), error
        else:
            raise AssertionError("an empty answer passed for a success")


@suite.check("llama-server, a tool loop: the call, its result, the closing sentence")
def _(stage):
    question = {"role": "user", "content": "SCN_TOOL weather in Oslo?"}
    call = stage.client.responses.create(model="default", input=[question], **TOOLS).output[0]
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "7 C, rain"}
    reply = ask.every_way(stage.client, model="default", input=[question, call.to_dict(), result], **TOOLS)
    equal(reply.text, "The tool has answered, and I am done with it.", "text")


@suite.check("a client that goes away stops the generation")
def _(stage):
    stream = stage.client.responses.create(model="default", input="SCN_LOOP", stream=True)
    next(event for event in stream if event.type == "response.output_text.delta")
    assert stage.server.is_generating()
    stream.close()
    for _ in range(100):
        if not stage.server.is_generating():
            return
        time.sleep(0.05)
    raise AssertionError("still generating 5 s after the client left")


def killed_while_reasoning(way):
    @suite.check(f"llama-server is killed while it reasons, {way}: the fallback's whole answer")
    def _(stage):
        with mortal(stage) as (server, client):
            replies = []
            asking = threading.Thread(
                target=lambda: replies.append(ask.WAYS[way](client, model="default", input="SCN_TLOOP")))
            asking.start()
            server.wait_until_generating()
            time.sleep(0.3)
            server.kill()
            asking.join(20)
            assert replies, "no answer"
            equal((replies[0].text, replies[0].reasoning, replies[0].status), (FALLBACK, "Hm.", "completed"), "answer")
            equal(replies[0].metadata.get("oc_served_by", "hosted/large"), "hosted/large", "oc_served_by")


for _way in ask.WAYS:
    killed_while_reasoning(_way)


@suite.check("killed after its reasoning was shown: that item is incomplete, the fallback's whole answer follows")
def _(stage):
    with mortal(stage, {"fallback": {"holdReasoning": "500ms"}}) as (server, client):
        events = []
        for event in client.responses.create(model="default", input="SCN_TLOOP", stream=True):
            if event.type.startswith("response.reasoning") and event.type.endswith(".delta") and server.process.poll() is None:
                server.kill()
            events.append(event)
        ask.laws.check([event.to_dict() for event in events])
        items = events[-1].response.output
        equal([(item.type, item.status) for item in items][0], ("reasoning", "incomplete"), "the first item")
        reply = ask.fold(events[-1].response)
        equal((reply.text, reply.status), (FALLBACK, "completed"), "answer")


@suite.check("killed after text: a prefix of its text, then exactly one failure")
def _(stage):
    with mortal(stage) as (server, client):
        events = []
        for event in client.responses.create(model="default", input="SCN_LOOP", stream=True):
            if event.type == "response.output_text.delta" and server.process.poll() is None:
                server.kill()
            events.append(event)
        ask.laws.check([event.to_dict() for event in events])
        text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        assert text and (LOOP * (len(text) // len(LOOP) + 1)).startswith(text), text[-200:]
        equal([event.type for event in events[-2:]], ["error", "response.failed"], "the end")
