"""One question, asked in each way that openai-python offers, and folded to the
same shape, so that the ways can be compared."""

import json
from dataclasses import dataclass

import laws

WEATHER = {"type": "function", "name": "get_weather", "description": "Weather of a city", "strict": False,
           "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}


@dataclass
class Reply:
    """What a person or an agent ends up with."""

    text: str
    reasoning: str
    tools: list
    status: str
    usage: dict
    metadata: dict
    raw: dict


def fold(response):
    """A response object of the SDK, as a `Reply`."""
    text, reasoning, tools = "", "", []
    for item in response.output:
        if item.type == "message":
            text += "".join(part.text for part in item.content if part.type == "output_text")
        elif item.type == "reasoning":
            reasoning += "".join(part.text for part in item.summary)
            reasoning += "".join(part.text for part in item.content or [])
        elif item.type == "function_call":
            tools.append((item.name, json.loads(item.arguments)))
    usage = response.usage.to_dict() if response.usage else {}
    return Reply(text, reasoning, tools, response.status, usage, dict(response.metadata or {}), response.to_dict())


def whole(client, **request):
    """`responses.create`: one JSON document."""
    return fold(client.responses.create(**request))


def plain(client, **request):
    """`responses.create(stream=True)`: the last event's response, and the laws."""
    events = list(client.responses.create(stream=True, **request))
    laws.check([event.to_dict() for event in events])
    return fold(events[-1].response)


def helper(client, **request):
    """`responses.stream(...)`: the strict helper. It accumulates on its own and
    refuses a stream without indexes or with overlapping items."""
    text, last = "", None
    with client.responses.stream(**request) as stream:
        for event in stream:
            last = event
            if event.type == "response.output_text.delta":
                text += event.delta
        if last is not None and last.type == "response.completed":
            reply = fold(stream.get_final_response())
        else:
            assert last is not None and last.type in laws.TERMINAL, f"ended with {last and last.type}"
            reply = fold(last.response)
    assert text == reply.text, f"deltas say {text!r}, the response says {reply.text!r}"
    return reply


def events(client, **request):
    """Every event of a plain stream, and the response's headers."""
    with client.responses.with_streaming_response.create(stream=True, **request) as response:
        lines = list(response.iter_lines())
        return laws.frames(lines), response.headers


WAYS = {"whole": whole, "plain": plain, "helper": helper}


def every_way(client, **request):
    """Asks in each way and demands one answer; returns it."""
    replies = {name: way(client, **request) for name, way in WAYS.items()}
    first = replies["whole"]
    for name, reply in replies.items():
        for part in ("text", "reasoning", "tools", "status"):
            one, other = getattr(first, part), getattr(reply, part)
            assert one == other, f"{part}: whole says {one!r}, {name} says {other!r}"
    return first
