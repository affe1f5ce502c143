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
