"""Real agents through the gateway to llama.cpp's server, over each wire that it
speaks: Codex CLI, Claude Code and OpenClaw, each without a terminal, telemetry
off, with nothing of the caller's environment.

They run what the model asks for. So the model is the puppet, which asks for
`touch puppet-was-here` and, told the result, for nothing more; nothing else is
ever put behind them."""

import contextlib
import json
import tempfile
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import programs
from checks import Suite, equal
from gateway import Gateway, config, provider
from llama import LlamaServer
from sdk import node_of
from wires import WIRES

CLOSING = "The tool has answered, and I am done with it."
PROOF = "puppet-was-here"
LIMIT = 300
suite = Suite("agents, llama-server", limit=LIMIT + 30)

CODEX = """
model = "{model}"
model_provider = "gateway"
model_context_window = 100000
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
web_search = "disabled"
[analytics]
enabled = false
[feedback]
enabled = false
[otel]
exporter = "none"
[history]
persistence = "none"
[model_providers.gateway]
name = "gateway"
base_url = "{url}/v1"
env_key = "GATEWAY_KEY"
wire_api = "responses"
"""


def codex(agents, home, url, model, prompt):
    (home / "config.toml").write_text(CODEX.format(model=model, url=url))
    return ([agents / "node_modules/.bin/codex", "exec", "--skip-git-repo-check", prompt],
            {"CODEX_HOME": str(home), "GATEWAY_KEY": "not-needed"})


def claude(agents, home, url, model, prompt):
    program, = agents.glob("node_modules/@anthropic-ai/claude-code-*/claude")
    return ([program, "-p", prompt, "--model", model, "--output-format", "json", "--allowedTools", "Bash"],
            {"CLAUDE_CONFIG_DIR": str(home), "ANTHROPIC_BASE_URL": url, "ANTHROPIC_AUTH_TOKEN": "not-needed",
             "ANTHROPIC_MODEL": model, "ANTHROPIC_DEFAULT_HAIKU_MODEL": model, "DISABLE_TELEMETRY": "1",
             "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_ERROR_REPORTING": "1", "DISABLE_AUTOUPDATER": "1"})


def openclaw(api):
    def command(agents, home, url, model, prompt):
        base = url if api == "anthropic-messages" else url + "/v1"
        (home / ".openclaw").mkdir()
        (home / ".openclaw/openclaw.json").write_text(json.dumps(
            config({"gateway": provider(base, api, model)}, f"gateway/{model}")))
        return ([node_of(agents), agents / "node_modules/openclaw/openclaw.mjs", "agent", "--local",
                 "--session-id", "interop", "--message", prompt], {"OPENCLAW_TELEMETRY_DISABLED": "1"})
    return command


# Who, the dialect it speaks, the word that makes the puppet call its shell, and how it is started.
AGENTS = [
    ("Codex CLI", "responses", "SCN_CODEX", codex),
    ("Claude Code", "messages", "SCN_CLAUDE", claude),
    ("OpenClaw", "responses", "SCN_CLAW", openclaw("openai-responses")),
    ("OpenClaw", "chat", "SCN_CLAW", openclaw("openai-completions")),
    ("OpenClaw", "messages", "SCN_CLAW", openclaw("anthropic-messages")),
]


@suite.stage
@contextlib.contextmanager
def stage(options):
    """llama-server thrice: a provider for each wire, all on the one server."""
    with LlamaServer(options.llama_server, options.model) as server:
        providers = {wire: provider(server.url + "/v1", wire, "puppet") for wire in WIRES}
        with Gateway(options.gateway, config(providers, "openai-responses/puppet")) as gateway:
            yield SimpleNamespace(url=gateway.url, agents=Path(options.agents))


def run(stage, prepare, model, prompt):
    """Runs an agent once in a home and a folder of its own: what it printed, and
    whether the command that it was asked to run has run."""
    with tempfile.TemporaryDirectory(prefix="interop-agent-") as folder:
        home, work = Path(folder, "home"), Path(folder, "work")
        home.mkdir(), work.mkdir()
        command, environment = prepare(stage.agents, home, stage.url, model, prompt)
        node = Path(node_of(stage.agents)).parent
        ran = programs.run(command, LIMIT, cwd=work, env={
            "HOME": str(home), "PATH": f"{node}:/usr/bin:/bin", "TERM": "dumb", "NO_COLOR": "1", "DO_NOT_TRACK": "1", **environment})
        return ran, any(Path(folder).rglob(PROOF))


def attempts(url, wire):
    """How many answers came over that wire, by the gateway's own count."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as page:
        lines = [line for line in page.read().decode().splitlines() if line.startswith("oc_gateway_attempts_total")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines
               if f'provider="{wire}"' in line and 'outcome="answered"' in line)


def finishes(name, dialect, word, prepare, wire):
    @suite.check(f"{name} ({dialect}) over {wire}: a tool loop to its end", cell=(f"{name}, {dialect}", wire))
    def _(stage):
        before = attempts(stage.url, wire)
        ran, proof = run(stage, prepare, f"{wire}/puppet", f"{word} please")
        told = f"\nstdout: {ran.stdout[-1500:]}\nstderr: {ran.stderr[-1500:]}"
        equal(ran.returncode, 0, f"exit code{told}")
        assert proof, f"the command was never run{told}"
        assert CLOSING in ran.stdout, f"the closing sentence is missing{told}"
        answers = attempts(stage.url, wire) - before
        assert answers >= 2, f"{answers} answers over {wire}"


for _name, _dialect, _word, _prepare in AGENTS:
    for _wire in WIRES:
        finishes(_name, _dialect, _word, _prepare, _wire)
