"""The three client dialects: a question of the table as a request body, the
next turn of a tool loop, and an answer folded to `Said`, so that dialects,
wires, SDKs and ways of asking can be compared."""

import json
from dataclasses import dataclass, replace

import laws
from wires import CUT, Call, Said


@dataclass(frozen=True)
class Usage:
    """All tokens in, those of them that were cached, all out, and those of them
    that were reasoning (which Messages does not tell)."""

    input: int
    cached: int
    output: int
    reasoning: int = 0


class Responses:
    name = "responses"
    path = "/v1/responses"

    @staticmethod
    def body(model, asked):
        content = [{"type": "input_text", "text": asked["prompt"]}]
        if image := asked.get("image"):
            content.append({"type": "input_image", "image_url": f"data:image/png;base64,{image}", "detail": "auto"})
        body = {"model": model, "input": [{"role": "user", "content": content}]}
        if tools := asked.get("tools"):
            body["tools"] = [{"type": "function", "name": tool["name"], "description": tool["description"],
                              "parameters": tool["schema"], "strict": True} for tool in tools]
        if schema := asked.get("schema"):
            body["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": schema, "strict": True}}
        if limit := asked.get("max_tokens"):
            body["max_output_tokens"] = limit
        if effort := asked.get("effort"):
            body["reasoning"] = {"effort": effort, "summary": "auto"}
            body["include"] = ["reasoning.encrypted_content"]
        return body

    @staticmethod
    def next_turn(body, document, result):
        results = [{"type": "function_call_output", "call_id": item["call_id"], "output": result}
                   for item in document["output"] if item["type"] == "function_call"]
        return body | {"input": body["input"] + document["output"] + results}

    @staticmethod
    def expected(said):
        return said

    @staticmethod
    def streamed(events):
        laws.check(events)
        return events[-1]["response"]

    @staticmethod
    def fold(document):
        status = document["status"]
        said = Said(end={"completed": "stop", "failed": "error"}.get(status))
        if status == "incomplete":
            said.end = {reason: end for end, reason in CUT.items()}[document["incomplete_details"]["reason"]]
        calls = []
        for item in document["output"]:
            if item["type"] == "reasoning":
                parts = item["summary"] + (item.get("content") or [])
                said.reasoning += "".join(part["text"] for part in parts)
            elif item["type"] == "function_call":
                calls.append(Call(item["name"], json.loads(item["arguments"]), item["call_id"]))
            elif item["type"] == "message":
                for part in item["content"]:
                    said.text += part.get("text", "")
                    said.refusal += part.get("refusal", "")
        said.calls = tuple(calls)
        return said

    @staticmethod
    def usage(document):
        usage = document.get("usage") or {}
        read, written = usage.get("input_tokens_details") or {}, usage.get("output_tokens_details") or {}
        return Usage(usage.get("input_tokens", 0), read.get("cached_tokens", 0), usage.get("output_tokens", 0),
                     written.get("reasoning_tokens", 0))


class Chat:
    name = "chat"
    path = "/v1/chat/completions"

    @staticmethod
    def body(model, asked):
        content = asked["prompt"]
        if image := asked.get("image"):
            content = [{"type": "text", "text": content},
                       {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}}]
        body = {"model": model, "messages": [{"role": "user", "content": content}]}
        if tools := asked.get("tools"):
            body["tools"] = [{"type": "function", "function": {
                "name": tool["name"], "description": tool["description"], "parameters": tool["schema"], "strict": True}}
                for tool in tools]
        if schema := asked.get("schema"):
            body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
        if limit := asked.get("max_tokens"):
            body["max_completion_tokens"] = limit
        if effort := asked.get("effort"):
            body["reasoning_effort"] = effort
        return body

    @staticmethod
    def next_turn(body, document, result):
        message = document["choices"][0]["message"]
        results = [{"role": "tool", "tool_call_id": call["id"], "content": result} for call in message["tool_calls"]]
        return body | {"messages": [*body["messages"], message, *results]}

    @staticmethod
    def expected(said):
        return said

    @staticmethod
    def streamed(chunks):
        return laws.assemble_chat(chunks)

    @staticmethod
    def fold(document):
        choice, = document["choices"]
        message = choice["message"]
        calls = tuple(Call(call["function"]["name"], json.loads(call["function"]["arguments"]), call["id"])
                      for call in message.get("tool_calls") or [])
        finish = choice["finish_reason"]
        end = {"length": "length", "content_filter": "filter"}.get(finish, "stop")
        assert end != "stop" or finish == ("tool_calls" if calls else "stop"), f"finish_reason {finish}, calls {calls}"
        return Said(message.get("reasoning_content") or "", message.get("content") or "", calls, message.get("refusal") or "", end)

    @staticmethod
    def usage(document):
        usage = document.get("usage") or {}
        read, written = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
        return Usage(usage.get("prompt_tokens", 0), read.get("cached_tokens", 0), usage.get("completion_tokens", 0),
                     written.get("reasoning_tokens", 0))


class Messages:
    name = "messages"
    path = "/v1/messages"

    @staticmethod
    def body(model, asked):
        content = [{"type": "text", "text": asked["prompt"]}]
        if image := asked.get("image"):
            content.append({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": image}})
        body = {"model": model, "max_tokens": asked.get("max_tokens", 4096), "messages": [{"role": "user", "content": content}]}
        if tools := asked.get("tools"):
            body["tools"] = [{"name": tool["name"], "description": tool["description"], "input_schema": tool["schema"]}
                             for tool in tools]
        if schema := asked.get("schema"):
            body["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        if asked.get("effort"):
            body["thinking"] = {"type": "enabled", "budget_tokens": 2048}
        return body

    @staticmethod
    def next_turn(body, document, result):
        results = [{"type": "tool_result", "tool_use_id": block["id"], "content": result}
                   for block in document["content"] if block["type"] == "tool_use"]
        return body | {"messages": body["messages"] + [{"role": "assistant", "content": document["content"]},
                                                       {"role": "user", "content": results}]}

    @staticmethod
    def streamed(events):
        return laws.assemble_messages(events)

    @staticmethod
    def fold(document):
        said, calls = Said(), []
        for block in document["content"]:
            if block["type"] == "thinking":
                assert block["signature"], "clients discard thinking without a signature"
                said.reasoning += block["thinking"]
            elif block["type"] == "tool_use":
                calls.append(Call(block["name"], block["input"], block["id"]))
            elif block["type"] == "text":
                said.text += block["text"]
        said.calls = tuple(calls)
        reason = document["stop_reason"]
        said.end = {"max_tokens": "length", "refusal": "filter"}.get(reason, "stop")
        wanted = ("tool_use",) if calls else ("end_turn", "stop_sequence")
        assert said.end != "stop" or reason in wanted, f"stop_reason {reason}, calls {calls}"
        return said

    @staticmethod
    def expected(said):
        """This dialect refuses in text, with the reason that a filter has."""
        return replace(said, text=said.refusal, refusal="", end="filter") if said.refusal else said

    @staticmethod
    def usage(document):
        usage = document["usage"]
        cached, made = (usage.get(f"cache_{way}_input_tokens") or 0 for way in ("read", "creation"))
        return Usage(usage["input_tokens"] + cached + made, cached, usage["output_tokens"])


DIALECTS = {dialect.name: dialect for dialect in (Responses, Chat, Messages)}
