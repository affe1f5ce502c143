"""A model that does what it is asked, as far as a test of servers can tell:
calls a tool that it is told to call, stops at the limit, writes JSON to a
schema, and answers the questions of `llmprobe`. It speaks all three wires."""

import json
import re
from dataclasses import replace

from upstream import Upstream
from wires import WIRES, Call, Said

SENTENCE = "A quiet river runs past the old mill and on towards the sea. "


class Asked:
    """What a request of any wire asks."""

    def __init__(self, body):
        self.body = body
        turns = body.get("input", body.get("messages"))
        self.turns = [{"role": "user", "content": turns}] if isinstance(turns, str) else turns
        self.system = " ".join([text_of(body.get("instructions") or body.get("system") or "")]
                               + [text_of(turn["content"]) for turn in self.turns if turn.get("role") in ("system", "developer")])
        self.limit = next((body[key] for key in ("max_output_tokens", "max_completion_tokens", "max_tokens") if body.get(key)), None)
        self.tools = [tool.get("function") or tool for tool in body.get("tools") or ()]
        choice = body.get("tool_choice")
        self.choice = choice if isinstance(choice, str) else (choice or {}).get("type", "auto")
        named = choice if isinstance(choice, dict) else {}
        self.choice_forbids_parallel = named.get("disable_parallel_tool_use", False)
        self.named = named.get("name") or (named.get("function") or {}).get("name")
        effort = body.get("reasoning_effort") or (body.get("reasoning") or {}).get("effort") or "none"
        self.thinks = effort != "none" or (body.get("thinking") or {}).get("type") in ("enabled", "adaptive")
        self.stops = body.get("stop_sequences") or body.get("stop") or []
        form = (body.get("text") or {}).get("format") or body.get("response_format") or (body.get("output_config") or {}).get("format") or {}
        self.schema = form.get("schema") or (form.get("json_schema") or {}).get("schema")
        self.json = form.get("type") in ("json_object", "json_schema") or "Answer with one JSON" in self.system
        if written := re.search(r"JSON Schema:\n(\{.*\})", self.system):  # for hosts without a field for it
            self.schema = json.loads(written[1])

    @property
    def last(self):
        """The text of the last turn that says something."""
        for turn in reversed(self.turns):
            if text := text_of(turn.get("content") or turn.get("output") or ""):
                return text
        return ""

    @property
    def has_result(self):
        """Whether the last turn answers a tool call."""
        last = self.turns[-1]
        blocks = last.get("content") if isinstance(last.get("content"), list) else []
        return last.get("role") == "tool" or last.get("type") == "function_call_output" or any(
            block.get("type") == "tool_result" for block in blocks)


def text_of(content):
    if isinstance(content, str):
        return content
    return " ".join(part.get("text") or text_of(part.get("content") or "") for part in content)


def example(schema):
    """The least value that a JSON schema takes."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return example(schema[key][0])
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: example(inner) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema.get("items", {"type": "string"}))] * max(1, schema.get("minItems", 1))
    return {"integer": schema.get("minimum", 7), "number": schema.get("minimum", 7), "boolean": True, "null": None}.get(kind, "Paris")


def think(asked):
    """What the model says to it."""
    said = speak(asked)
    said.logprobs = bool(asked.body.get("logprobs"))
    if asked.thinks:
        said.reasoning = "I consider what is asked, step by step."
        if asked.limit and asked.limit <= 32 and "at length" in asked.last:
            return Said(reasoning=said.reasoning, end="length")
    for stop in asked.stops:
        if stop in said.text:
            return replace(said, text=said.text.partition(stop)[0], stopped_at=stop)
    return said


def speak(asked):
    if asked.tools and asked.choice != "none" and not asked.has_result:
        wanted = [tool for tool in asked.tools if asked.named in (None, tool["name"])]
        if "both" not in asked.last or asked.body.get("parallel_tool_calls") is False or asked.choice_forbids_parallel:
            wanted = wanted[:1]
        return Said(calls=tuple(Call(tool["name"], example(tool.get("parameters") or tool.get("input_schema") or {})) for tool in wanted))
    if asked.json:
        return Said(text=json.dumps(example(asked.schema or {"properties": {"name": {"type": "string"}, "age": {"type": "integer"}}})))
    if asked.turns[-1].get("role") == "assistant":
        return Said(text="is.")
    if exactly := re.search(r"exactly[^:]*: (.*)", asked.last, re.S) or re.search(r'exactly the word "(\w+)"', asked.system):
        return Said(text=exactly[1])
    if asked.limit and asked.limit <= 64 and re.search(r"long|essay|count", asked.last, re.I):
        return Said(text=" ".join((SENTENCE * 9).split()[:asked.limit]), end="length")
    return Said(text=f"The tool says: {asked.last}" if asked.has_result else "The answer is Paris.")


def obedient(model="obedient"):
    """An upstream for each wire, by the config's word for it."""
    def answer(wire):
        return lambda body, _: WIRES[wire](think(Asked(body)))
    return {wire: Upstream({model: answer(wire)}) for wire in WIRES}
