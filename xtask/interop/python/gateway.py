"""The gateway's own binary, started with a config and stopped as an operator
would stop it."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

import openai

import programs

# The least a program gets: no key and no proxy of ours can leak into a check.
KEPT = ("PATH", "LANG", "TMPDIR")


class Gateway:
    """`config` is the text of an OpenClaw config, or what becomes its JSON."""

    def __init__(self, binary, config, settings=None, env=None):
        self.folder = Path(tempfile.mkdtemp(prefix="oc-gateway-interop-"))
        path = self.folder / "openclaw.json5"
        path.write_text(config if isinstance(config, str) else json.dumps(config, indent=2))
        command = [str(binary), "serve", "--config", str(path), "--listen", "127.0.0.1:0"]
        if settings is not None:
            (self.folder / "settings.json5").write_text(json.dumps(settings))
            command += ["--settings", str(self.folder / "settings.json5")]
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        environment |= {"HOME": str(self.folder), "RUST_BACKTRACE": "1"} | (env or {})
        self.output = []
        self.url = None
        self.ready = threading.Event()
        self.process = programs.start(command, env=environment, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.output.append(line)
            found = re.search(r"listening on (http://127\.0\.0\.1:\d+)", line)
            if found:
                self.url = found.group(1)
                self.ready.set()
        self.ready.set()

    def __enter__(self):
        self.ready.wait(20)
        if self.url is None:
            programs.end(self.process)
            raise AssertionError("the gateway did not start:\n" + "".join(self.output))
        return self

    def __exit__(self, kind, *_):
        try:
            code = self.stop()
        finally:
            programs.end(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)
        said = "".join(self.output)
        if kind is None:
            assert code == 0, f"SIGTERM must drain and exit 0, not {code}:\n{said}"
        elif said:
            print("gateway said:\n" + said[-4000:])
        assert "panicked at" not in said, said

    def stop(self):
        """SIGTERM, as an operator does it; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            programs.end(self.process)
            raise AssertionError("still running 20 s after SIGTERM:\n" + "".join(self.output))

    def client(self, **options):
        """openai-python as its users construct it; its own retries stay on."""
        return openai.OpenAI(base_url=self.url + "/v1", api_key="not-needed", timeout=30, **options)


def provider(url, api, *models, input=("text",), **fields):
    """One provider of a config, with models that differ only by id."""
    return {"baseUrl": url, "apiKey": "scripted", "api": api, **fields, "models": [
        {"id": model, "name": model, "reasoning": True, "input": list(input),
         "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0},
         "contextWindow": 131072, "maxTokens": 8192} for model in models]}


def config(providers, primary, fallbacks=()):
    """A whole config: a primary, its fallbacks, and the providers they need."""
    return {"agents": {"defaults": {"model": {"primary": primary, "fallbacks": list(fallbacks)}}},
            "models": {"mode": "merge", "providers": providers}}
