"""One answer, said on each of the three upstream wires, in the order and shape
of the wire's own vendor. What other servers do differently is in the
recordings that `recorded.py` replays."""

import json
from dataclasses import dataclass, field

from upstream import Answer

MODEL = "scripted"
# Counted by every upstream: 14 in (3 of them cached), 9 out.
INPUT, CACHED, OUTPUT = 14, 3, 9


# What the Responses wire calls the two ways of an answer to be cut short.
CUT = {"length": "max_output_tokens", "filter": "content_filter"}


@dataclass
class Call:
    name: str
    arguments: dict
    # Whoever compares answers asks for it by itself.
    id: str | None = field(default=None, compare=False)


@dataclass
class Said:
    """What a model says. `end`: stop, length, filter (cut by a filter), or error
    (the model dies after what it said)."""

    reasoning: str = ""
    text: str = ""
    calls: tuple = ()
    refusal: str = ""
    end: str = "stop"
    # The stop sequence that ended it; only the Messages wire can say so.
    stopped_at: str | None = None
    # Only the Chat wire has them.
    logprobs: bool = False


def words(text):
    """Pieces as a model sends them: several to a sentence."""
    return text.replace(" ", " \0").split("\0") if text else []


def halves(text):
    """Arguments come in pieces that are no JSON of their own."""
    return [text[:len(text) // 2], text[len(text) // 2:]]


def named(events):
    return Answer("".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events).encode())


def responses(said):
    """OpenAI's Responses API: reasoning as a summary, sealed."""
    response = {"id": "resp_scripted", "object": "response", "created_at": 1763600000, "model": MODEL, "status": "in_progress",
                "output": [], "error": None, "incomplete_details": None, "instructions": None, "metadata": {},
                "parallel_tool_calls": True, "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0, "usage": None}
    events, output = [], []

    def tell(kind, **fields):
        events.append({"type": kind, "sequence_number": len(events), **fields})

    def item(opened, done, inner):
        at = len(output)
        tell("response.output_item.added", output_index=at, item=opened)
        inner({"item_id": opened["id"], "output_index": at})
        tell("response.output_item.done", output_index=at, item=done)
        output.append(done)

    tell("response.created", response=response)
    tell("response.in_progress", response=response)
    if said.reasoning:
        summary = {"type": "summary_text", "text": said.reasoning}

        def inner(at):
            tell("response.reasoning_summary_part.added", **at, summary_index=0, part={"type": "summary_text", "text": ""})
            for word in words(said.reasoning):
                tell("response.reasoning_summary_text.delta", **at, summary_index=0, delta=word)
            tell("response.reasoning_summary_text.done", **at, summary_index=0, text=said.reasoning)
            tell("response.reasoning_summary_part.done", **at, summary_index=0, part=summary)

        shell = {"type": "reasoning", "id": "rs_scripted"}
        item(shell | {"summary": []}, shell | {"summary": [summary], "encrypted_content": "c2VhbGVk"}, inner)
    for kind, key, text in (("output_text", "text", said.text), ("refusal", "refusal", said.refusal)):
        if not text:
            continue
        more = {"annotations": [], "logprobs": []} if kind == "output_text" else {}

        def inner(at):
            at = at | {"content_index": 0}
            tell("response.content_part.added", **at, part={"type": kind, key: "", **more})
            for word in words(text):
                tell(f"response.{kind}.delta", **at, delta=word, **({"logprobs": []} if more else {}))
            tell(f"response.{kind}.done", **at, **{key: text}, **({"logprobs": []} if more else {}))
            tell("response.content_part.done", **at, part={"type": kind, key: text, **more})

        shell = {"type": "message", "id": "msg_scripted", "role": "assistant"}
        item(shell | {"status": "in_progress", "content": []},
             shell | {"status": "completed", "content": [{"type": kind, key: text, **more}]}, inner)
    for number, call in enumerate(said.calls):
        arguments = json.dumps(call.arguments)

        def inner(at):
            for half in halves(arguments):
                tell("response.function_call_arguments.delta", **at, delta=half)
            tell("response.function_call_arguments.done", **at, name=call.name, arguments=arguments)

        shell = {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", "name": call.name}
        item(shell | {"status": "in_progress", "arguments": ""}, shell | {"status": "completed", "arguments": arguments}, inner)
    usage = {"input_tokens": INPUT, "input_tokens_details": {"cached_tokens": CACHED}, "output_tokens": OUTPUT,
             "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": INPUT + OUTPUT}
    if said.end == "error":
        fault = {"code": "server_error", "message": "the engine died"}
        tell("error", **fault, param=None)
        tell("response.failed", response=response | {"status": "failed", "output": output, "error": fault})
    elif said.end in CUT:
        tell("response.incomplete", response=response | {
            "status": "incomplete", "output": output, "usage": usage, "incomplete_details": {"reason": CUT[said.end]}})
    else:
        tell("response.completed", response=response | {"status": "completed", "output": output, "usage": usage})
    return named(events)


def chat(said):
    """Chat Completions: as OpenAI, and reasoning as `reasoning_content`, which
    every other server of this wire has."""
    frames = []

    def chunk(delta, finish=None):
        logprobs = None
        if said.logprobs and (word := delta.get("content")):
            token = {"token": word, "logprob": -0.1, "bytes": list(word.encode())}
            logprobs = {"content": [token | {"top_logprobs": [token]}], "refusal": None}
        frames.append({"id": "chatcmpl-scripted", "object": "chat.completion.chunk", "created": 1763600000, "model": MODEL,
                       "choices": [{"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}]})

    chunk({"role": "assistant", "content": ""})
    for key, text in (("reasoning_content", said.reasoning), ("content", said.text), ("refusal", said.refusal)):
        for word in words(text):
            chunk({key: word})
    for number, call in enumerate(said.calls):
        chunk({"tool_calls": [{"index": number, "id": f"call_{number}", "type": "function",
                               "function": {"name": call.name, "arguments": ""}}]})
        for half in halves(json.dumps(call.arguments)):
            chunk({"tool_calls": [{"index": number, "function": {"arguments": half}}]})
    if said.end == "error":
        frames.append({"error": {"message": "the engine died", "type": "server_error", "code": 500}})
        return Answer("".join(f"data: {json.dumps(frame)}\n\n" for frame in frames).encode())
    chunk({}, {"length": "length", "filter": "content_filter"}.get(said.end, "tool_calls" if said.calls else "stop"))
    frames.append(frames[0] | {"choices": [], "usage": {
        "prompt_tokens": INPUT, "completion_tokens": OUTPUT, "total_tokens": INPUT + OUTPUT,
        "prompt_tokens_details": {"cached_tokens": CACHED}}})
    return Answer(("".join(f"data: {json.dumps(frame)}\n\n" for frame in frames) + "data: [DONE]\n\n").encode())


def anthropic(said):
    """Anthropic's Messages API: thinking with a signature."""
    blocks = []
    if said.reasoning:
        blocks.append(({"type": "thinking", "thinking": "", "signature": ""},
                       [{"type": "thinking_delta", "thinking": word} for word in words(said.reasoning)]
                       + [{"type": "signature_delta", "signature": "c2lnbmVk"}]))
    if said.text:
        blocks.append(({"type": "text", "text": ""}, [{"type": "text_delta", "text": word} for word in words(said.text)]))
    for number, call in enumerate(said.calls):
        blocks.append(({"type": "tool_use", "id": f"toolu_{number}", "name": call.name, "input": {}},
                       [{"type": "input_json_delta", "partial_json": half} for half in halves(json.dumps(call.arguments))]))
    events = [{"type": "message_start", "message": {
        "id": "msg_scripted", "type": "message", "role": "assistant", "model": MODEL, "content": [],
        "stop_reason": None, "stop_sequence": None,
        "usage": {"input_tokens": INPUT - CACHED, "cache_read_input_tokens": CACHED, "cache_creation_input_tokens": 0, "output_tokens": 1}}}]
    for index, (block, deltas) in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": block})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    if said.end == "error":
        return named(events + [{"type": "error", "error": {"type": "api_error", "message": "the engine died"}}])
    reason = ("max_tokens" if said.end == "length" else "refusal" if said.refusal or said.end == "filter"
              else "tool_use" if said.calls else "stop_sequence" if said.stopped_at else "end_turn")
    # Words of a refusal stand beside the reason; text before one was cut by a filter.
    details = {"type": "refusal", "category": None, "explanation": said.refusal or None} if reason == "refusal" else None
    events.append({"type": "message_delta", "usage": {"output_tokens": OUTPUT},
                   "delta": {"stop_reason": reason, "stop_sequence": said.stopped_at} | ({"stop_details": details} if details else {})})
    return named(events + [{"type": "message_stop"}])


def messages(text, thinking=""):
    """A plain answer on the Messages wire."""
    return anthropic(Said(reasoning=thinking, text=text))


# The config's word for the wire: how an answer is said on it.
WIRES = {"openai-responses": responses, "openai-completions": chat, "anthropic-messages": anthropic}
