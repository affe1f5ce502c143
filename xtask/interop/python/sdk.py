"""The official SDKs, each asked in each of its ways. A job is a request body
and the name of a method; an outcome is what the SDK gave, as JSON:

`final`   the SDK's own final object       `events`  what a plain stream gave
`text`    what its helper streamed as text  `error`   class and fields of what it raised

openai-python and anthropic-python run here; the Node SDKs in `node/sdk.mjs`,
which speaks the same jobs, line by line."""

import functools
import json
import shutil
import subprocess
import warnings
from dataclasses import dataclass
from pathlib import Path

import anthropic
import openai
import pydantic

import programs

TIMEOUT = 30


class City(pydantic.BaseModel):
    city: str


class Python:
    """Runs `WAYS`; a way has the name that Node's SDK gives the method."""

    def __init__(self, library):
        self.library = library

    def run(self, job):
        client = client_for(self.library, job["url"], tuple(sorted(job["headers"].items())))
        outcome = {"events": [], "text": ""}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)  # pydantic says so when a field is not of its type
                WAYS[job["way"]](client, job["body"], outcome)
        except (openai.OpenAIError, anthropic.AnthropicError) as error:
            outcome["error"] = {"class": type(error).__name__, "status": getattr(error, "status_code", None),
                                "code": getattr(error, "code", None), "message": str(error)}
        return outcome


@functools.lru_cache
def client_for(library, url, headers):
    """A client as its users construct it, but that it does not ask twice."""
    make, base = (openai.OpenAI, "/v1") if library == "openai" else (anthropic.Anthropic, "")
    return make(base_url=url + base, api_key="not-needed", timeout=TIMEOUT, max_retries=0, default_headers=dict(headers))


def plain(create):
    def way(client, body, outcome):
        for event in create(client)(**body, stream=True):
            outcome["events"].append(event.to_dict())
    return way


def whole(create):
    def way(client, body, outcome):
        outcome["final"] = create(client)(**body).to_dict()
    return way


def responses_stream(client, body, outcome):
    last = None
    with client.responses.stream(**body) as stream:
        for last in stream:
            if last.type == "response.output_text.delta":
                outcome["text"] += last.delta
        if last is not None and last.type == "response.completed":
            stream.get_final_response()
    # The helper has no method for an answer that was cut; its last event has it.
    # Quiet: it finds its own parsed types unexpected.
    outcome["final"] = last.response.to_dict(warnings=False)


def responses_parse(client, body, outcome):
    body = {key: value for key, value in body.items() if key != "text"}
    response = client.responses.parse(**body, text_format=City)
    outcome["final"], outcome["parsed"] = response.to_dict(warnings=False), response.output_parsed.model_dump()


def chat_stream(client, body, outcome):
    with client.chat.completions.stream(**body) as stream:
        for event in stream:
            if event.type == "content.delta":
                outcome["text"] += event.delta
        outcome["final"] = stream.get_final_completion().to_dict()


def chat_parse(client, body, outcome):
    body = {key: value for key, value in body.items() if key != "response_format"}
    completion = client.chat.completions.parse(**body, response_format=City)
    outcome["final"], outcome["parsed"] = completion.to_dict(warnings=False), completion.choices[0].message.parsed.model_dump()


def messages_stream(client, body, outcome):
    with client.messages.stream(**body) as stream:
        for event in stream:
            if event.type == "text":
                outcome["text"] += event.text
        outcome["final"] = stream.get_final_message().to_dict()


def tool_runner(client, body, outcome):
    @anthropic.beta_tool
    def get_weather(city: str) -> str:
        """Weather of a city"""
        outcome["ran"] = city
        return "7 C, rain"

    runner = client.beta.messages.tool_runner(**body | {"tools": [get_weather]})
    outcome["final"] = runner.until_done().to_dict()


def listed(page):
    return [model.to_dict() for model in page]


def responses(client):
    return client.responses.create


def chat(client):
    return client.chat.completions.create


def messages(client):
    return client.messages.create


WAYS = {
    "responses.create": whole(responses),
    "responses.create stream": plain(responses),
    "responses.stream": responses_stream,
    "responses.parse": responses_parse,
    "chat.completions.create": whole(chat),
    "chat.completions.create stream": plain(chat),
    "chat.completions.stream": chat_stream,
    "chat.completions.parse": chat_parse,
    "messages.create": whole(messages),
    "messages.create stream": plain(messages),
    "messages.stream": messages_stream,
    "beta.messages.toolRunner": tool_runner,
    "messages.countTokens": lambda client, body, outcome: outcome.update(final=client.messages.count_tokens(**body).to_dict()),
    "models.list": lambda client, _, outcome: outcome.update(final=listed(client.models.list())),
    "models.retrieve": lambda client, body, outcome: outcome.update(final=client.models.retrieve(body["model"]).to_dict()),
}


class Node:
    """One process for all jobs of both Node SDKs."""

    folder = None  # where sdk.mjs and node_modules lie
    process = None

    def __init__(self, library):
        self.library = library

    def run(self, job):
        if Node.process is None:
            Node.process = programs.start([node_of(Node.folder), "sdk.mjs"], cwd=Node.folder, text=True,
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            Node.process.stdin.write(json.dumps(job | {"library": self.library, "timeout": TIMEOUT}) + "\n")
            Node.process.stdin.flush()
            line = Node.process.stdout.readline()
            assert line, "sdk.mjs ended"
        except BaseException:
            # The answer that nobody waited for would be taken for the next one.
            programs.end(Node.process)
            Node.process = None
            raise
        outcome = json.loads(line)
        assert "broken" not in outcome, outcome["broken"]
        return outcome


def node_of(folder):
    """The Node that was installed beside the packages, or the machine's own."""
    installed = sorted(Path(folder).glob("node_modules/node-*/bin/node"))
    return str(installed[0]) if installed else shutil.which("node")


@dataclass(frozen=True)
class Sdk:
    """One SDK in one dialect, and its ways: whole, plain stream, helper."""

    name: str
    dialect: str
    runner: object
    ways: tuple

    def raises(self, way, end):
        """openai-python's chat helper has no other word for an answer that was cut."""
        if (self.name, way) == ("openai-python", "chat.completions.stream"):
            return {"length": "LengthFinishReasonError", "filter": "ContentFilterFinishReasonError"}.get(end)
        return None

    def loses_reasoning(self, way):
        """openai-node's chat helper overwrites fields that OpenAI does not have."""
        return (self.name, way) == ("openai-node", "chat.completions.stream")

    def run(self, way, url, body=None, headers=None):
        return self.runner.run({"way": way, "url": url, "body": body or {}, "headers": headers or {}})


def sdks():
    """Every official SDK in every dialect that it speaks."""
    for language, runner in (("python", Python), ("node", Node)):
        for dialect, method in (("responses", "responses"), ("chat", "chat.completions")):
            yield Sdk(f"openai-{language}", dialect, runner("openai"),
                      (f"{method}.create", f"{method}.create stream", f"{method}.stream"))
        yield Sdk(f"anthropic-{language}", "messages", runner("anthropic"),
                  ("messages.create", "messages.create stream", "messages.stream"))
