"""LiteLLM's proxy as an upstream that forwards: the gateway speaks each of the
three wires to it, and it speaks what it likes to our scripted server. Nothing
of it is mocked, and nothing leaves loopback."""

import contextlib
import json
import os
import secrets
import socket
import tempfile
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import paths
import programs
from checks import Suite, equal
from dialects import DIALECTS
from gateway import Gateway, config, provider
from scenarios import SCENARIOS
from sdk import sdks
from upstream import Upstream
from wires import WIRES

suite = Suite("LiteLLM as an upstream")
MODEL = "qwen3-8b"
ASKED = ("text", "reasoning", "tool call", "reasoning, text and parallel tools", "length")
WIRE_OF_PATH = {path: wire for wire, path in paths.PATHS.items()}


def scripted(body, path):
    """The scenario is told by the prompt: LiteLLM has one model."""
    text = json.dumps(body)
    name = max((name for name in ASKED if f"[{name}]" in text), key=len)
    return WIRES[WIRE_OF_PATH[path.partition("?")[0]]](SCENARIOS[name].said)


class LiteLLM:
    """The proxy on a port of its own, in front of `upstream`."""

    def __init__(self, python, upstream):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.key = f"sk-{secrets.token_hex(32)}"  # it refuses to start with none or a weak one
        self.folder = tempfile.TemporaryDirectory(prefix="litellm-")
        home = Path(self.folder.name)
        (home / "config.yaml").write_text(json.dumps({"model_list": [{"model_name": MODEL, "litellm_params": {
            "model": f"hosted_vllm/{MODEL}", "api_base": f"{upstream}/v1", "api_key": "scripted"}}],
            "litellm_settings": {"telemetry": False, "num_retries": 0}, "general_settings": {"master_key": self.key}}))
        self.log = open(home / "log", "w+b")
        self.process = programs.start(
            [Path(python).parent / "litellm", "--config", home / "config.yaml", "--host", "127.0.0.1", "--port", str(port)],
            stdout=self.log, stderr=self.log, cwd=home,
            env={"PATH": os.environ["PATH"], "HOME": str(home), "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                 "LITELLM_TELEMETRY": "False", "DO_NOT_TRACK": "1", "NO_PROXY": "*"})

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")[-4000:]

    def __enter__(self):
        for _ in range(240):
            assert self.process.poll() is None, f"LiteLLM ended at its start:\n{self.said()}"
            with contextlib.suppress(OSError):
                if urllib.request.urlopen(self.url + "/health/liveliness", timeout=5).status == 200:
                    return self
            time.sleep(0.5)
        raise AssertionError(f"LiteLLM is not ready after 120 s:\n{self.said()}")

    def __exit__(self, kind, *_):
        programs.end(self.process)
        if kind is not None:
            print(self.said())
        self.log.close()
        self.folder.cleanup()


@suite.stage
@contextlib.contextmanager
def stage(options):
    with Upstream({MODEL: scripted}) as upstream, LiteLLM(options.litellm, upstream.url) as relay:
        providers = {wire: provider(relay.url + "/v1", wire, MODEL, apiKey=relay.key) for wire in WIRES}
        with Gateway(options.gateway, config(providers, f"openai-responses/{MODEL}")) as gateway:
            yield SimpleNamespace(url=gateway.url, upstream=upstream)


def holds(sdk, wire, name):
    @suite.check(f"LiteLLM, {sdk.name} {sdk.dialect} over {wire}: {name}", cell=(f"{sdk.name}, {sdk.dialect}", wire))
    def _(stage):
        dialect, scenario = DIALECTS[sdk.dialect], SCENARIOS[name]
        asked = scenario.asked | {"prompt": f"{scenario.asked['prompt']} [{name}]"}
        for way in sdk.ways:
            if (way, name) == ("chat.completions.stream", "length"):
                continue  # openai-python's helper raises there; see paths.py
            before = len(stage.upstream.requests)
            outcome = sdk.run(way, stage.url, dialect.body(f"{wire}/{MODEL}", asked))
            equal(len(stage.upstream.requests) - before, 1, f"{way}: requests that LiteLLM sent on")
            equal(dialect.fold(paths.answered(sdk, way, outcome)), dialect.expected(scenario.said), way)


for _sdk in sdks():
    if _sdk.name.endswith("python"):
        for _wire in WIRES:
            for _name in ASKED:
                holds(_sdk, _wire, _name)
