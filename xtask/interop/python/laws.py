"""What holds for every Responses stream that the gateway sends, whatever the
upstream did."""

import json

TERMINAL = ("response.completed", "response.incomplete", "response.failed")

# delta event -> (done event, field of the done event that holds the sum)
SUMS = {
    "response.output_text.delta": ("response.output_text.done", "text"),
    "response.reasoning_text.delta": ("response.reasoning_text.done", "text"),
    "response.reasoning_summary_text.delta": ("response.reasoning_summary_text.done", "text"),
    "response.refusal.delta": ("response.refusal.done", "refusal"),
    "response.function_call_arguments.delta": ("response.function_call_arguments.done", "arguments"),
}


def frames(lines):
    """SSE as the contract fixes it: `event:` equals `type`, one-line data,
    `[DONE]` last. Returns the events."""
    events, name, done = [], None, False
    for line in lines:
        assert not done or line == "", f"after [DONE]: {line!r}"
        if line.startswith("event: "):
            name = line[7:]
        elif line == "data: [DONE]":
            done = True
        elif line.startswith("data: "):
            event = json.loads(line[6:])
            assert name == event["type"], f"event: {name}, type: {event['type']}"
            events.append(event)
        else:
            assert line == "" or line.startswith(":"), f"neither field nor comment: {line!r}"
    assert done, "no [DONE]"
    return events


def check(events):
    """Numbers, order, pairs, sums, and exactly one terminal event, last."""
    assert events, "no events"
    assert [e["sequence_number"] for e in events] == list(range(len(events))), "sequence_number is not 0, 1, 2, …"
    kinds = [e["type"] for e in events]
    assert kinds[0] == "response.created", kinds[0]
    terminal = [kind for kind in kinds if kind in TERMINAL]
    assert len(terminal) == 1 and kinds[-1] == terminal[0], f"terminal events: {terminal}, last: {kinds[-1]}"

    items, open_item, sums, summed = {}, None, {}, set()
    for event in events:
        kind = event["type"]
        index = event.get("output_index")
        if kind == "response.output_item.added":
            assert index == len(items), f"item {index} added as number {len(items)}"
            assert open_item is None, f"item {index} added while {open_item} is open"
            items[index], open_item = event["item"], index
        elif kind == "response.output_item.done":
            assert index == open_item, f"item {index} done, {open_item} is open"
            assert event["item"]["id"] == items[index]["id"], "an item changed its id"
            assert event["item"]["type"] == items[index]["type"], "an item changed its type"
            items[index], open_item = event["item"], None
        elif index is not None:
            assert index == open_item, f"{kind} for item {index}, {open_item} is open"
            assert event.get("item_id") in (None, items[index]["id"]), f"{kind}: another item's id"
        part = (index, event.get("content_index"), event.get("summary_index"))
        if kind in SUMS:
            sums[kind, part] = sums.get((kind, part), "") + event["delta"]
        for delta, (done, name) in SUMS.items():
            if kind == done:
                assert event[name] == sums.get((delta, part), ""), f"{done}: not the sum of its deltas"
                summed.add((delta, part))
    assert open_item is None, f"item {open_item} was never done"
    assert set(sums) == summed, f"deltas without a done: {set(sums) - summed}"
    output = events[-1]["response"]["output"]
    assert output == [items[index] for index in sorted(items)], "the last response's output is not the items that were done"


def assemble_chat(chunks):
    """Chunks of Chat Completions as one document: one id, the role first, one
    finish reason after everything that was said, then at most the counts."""
    assert len({chunk["id"] for chunk in chunks}) == 1, "the id changed"
    said = [chunk for chunk in chunks if chunk["choices"]]
    assert said and said[0]["choices"][0]["delta"].get("role") == "assistant", "the role is not in the first chunk"
    message, calls, finish = {"role": "assistant"}, {}, None
    for chunk in said:
        choice, = chunk["choices"]
        assert finish is None, "a chunk after the finish reason"
        for key, value in choice["delta"].items():
            if key == "tool_calls":
                for part in value:
                    assemble_call(calls, part)
            elif isinstance(value, str) and key != "role":
                message[key] = message.get(key, "") + value
            elif isinstance(value, list):
                message[key] = message.get(key, []) + value
        finish = choice.get("finish_reason")
    assert finish, "no finish reason"
    assert chunks[-1]["choices"] == [] or chunks[-1] is said[-1], "something follows the counts"
    if calls:
        message["tool_calls"] = [calls[index] for index in sorted(calls)]
    return {"choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": chunks[-1].get("usage")}


def assemble_call(calls, part):
    """A call's first piece has index, id and name; the others add arguments."""
    if part["index"] not in calls:
        assert part["index"] == len(calls), f"call {part['index']} begun as number {len(calls)}"
        assert part.get("id") and part["function"].get("name"), f"no id or name: {part}"
        calls[part["index"]] = {"id": part["id"], "type": "function", "function": {"name": part["function"]["name"], "arguments": ""}}
    calls[part["index"]]["function"]["arguments"] += part["function"].get("arguments") or ""


def assemble_messages(events):
    """Events of Messages as one document: a start, blocks one after the other,
    a delta with the reason, a stop."""
    # Events of tomorrow pass where both sides speak this wire; who does not know them leaves them out.
    known = ("message_", "content_block_", "error")
    events = [event for event in events if event["type"].startswith(known)]
    assert events[0]["type"] == "message_start", events[0]["type"]
    assert [event["type"] for event in events[-2:]] == ["message_delta", "message_stop"], "the end"
    document, opened = events[0]["message"], None
    assert document["content"] == [] and document["stop_reason"] is None, document
    for event in events[1:-2]:
        kind = event["type"]
        if kind == "content_block_start":
            assert opened is None and event["index"] == len(document["content"]), f"block {event['index']} overlaps or is out of turn"
            opened = dict(event["content_block"])
            document["content"].append(opened)
        elif kind == "content_block_delta":
            assert opened is not None and event["index"] == len(document["content"]) - 1, "a delta of another block"
            delta = event["delta"]
            if delta["type"] == "input_json_delta":
                opened["partial"] = opened.get("partial", "") + delta["partial_json"]
            elif delta["type"] == "citations_delta":
                opened["citations"] = [*(opened.get("citations") or []), delta["citation"]]
            else:
                key = delta["type"].removesuffix("_delta")
                opened[key] = opened.get(key, "") + delta[key]
        else:
            assert kind == "content_block_stop" and opened is not None, f"{kind} out of turn"
            if opened["type"] == "tool_use":
                opened["input"] = json.loads(opened.pop("partial", "") or "{}")
            opened = None
    assert opened is None, "a block was never stopped"
    last = events[-2]
    return document | last["delta"] | {"usage": document["usage"] | {k: v for k, v in last["usage"].items() if v is not None}}
