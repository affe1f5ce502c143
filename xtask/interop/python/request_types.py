"""What oc-providers sends upstream (`crates/oc-providers/tests/goldens`), checked
by the TypeScript compiler against the request types of that wire's official
SDK: an unknown field, a missing one, or one of the wrong type is an error.

The types are OpenAI's and Anthropic's. Where a request differs on purpose, the
reason stands in `DEVIATIONS`, and a deviation that is gone is an error, too."""

import contextlib
import json
import re
import tempfile
from pathlib import Path
from types import SimpleNamespace

import programs
from checks import Suite, equal
from goldens import GOLDENS
from sdk import node_of

suite = Suite("golden requests, the SDKs' own types")
TYPES = {
    "openai-responses": ("ResponseCreateParams", "openai/resources/responses/responses"),
    "openai-completions": ("ChatCompletionCreateParams", "openai/resources/chat/completions"),
    "anthropic-messages": ("MessageCreateParams", "@anthropic-ai/sdk/resources/messages"),
}
COMPILER = {"strict": True, "noEmit": True, "skipLibCheck": True, "module": "nodenext", "target": "es2022", "types": []}

# What the compiler says of it (a part of the text), and why it is sent all the same.
DEVIATIONS = {
    "anthropic-messages": {
        "'\"temperature\"' does not exist": "the types of 2026 have no sampling; hosts and older models take it",
    },
    "openai-responses": {
        "; type: \"output_text\"; annotations: []; }]; }' is not assignable":
            "the types want id and status of an answer said before; the API takes it without (Codex sends it so), and refuses ids of others",
        "additionalProperties: false; }; }' is not assignable to type 'Tool'":
            "the types want `strict`; a Responses client that left it out is not second-guessed",
    },
}


def requests():
    """Every request that is sent: wire and turn, its text."""
    for wire in TYPES:
        for path in sorted((GOLDENS / wire).glob("*.request.json")):
            text = path.read_text()
            if "not_asked" not in json.loads(text):
                yield (wire, path.name.removesuffix(".request.json")), text


REQUESTS = dict(requests())


@suite.stage
@contextlib.contextmanager
def stage(options):
    """One module for each request, compiled together; errors by request."""
    with tempfile.TemporaryDirectory(prefix="interop-types-") as folder:
        folder = Path(folder)
        (folder / "node_modules").symlink_to(Path(options.node) / "node_modules")
        (folder / "package.json").write_text('{"type": "module"}')
        (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": COMPILER, "include": ["*.ts"]}))
        for (wire, turn), text in REQUESTS.items():
            name, module = TYPES[wire]
            (folder / f"{wire}.{turn}.ts").write_text(
                f'import type {{ {name} }} from "{module}";\nexport const request: {name} = {text};\n')
        # One that must fail: silence of a compiler that saw nothing is no proof.
        (folder / "canary.ts").write_text('export const wrong: number = "text";\n')
        tsc = programs.run([node_of(options.node), "node_modules/typescript/bin/tsc", "--pretty", "false"], 120, cwd=folder)
        errors = {}
        for file, error in re.findall(r"^(\S+)\.ts\(\d+,\d+\): (error .*)$", tsc.stdout, re.M):
            errors.setdefault(file, []).append(error)
        assert errors.pop("canary", None), f"the compiler did not run: {tsc.stdout}{tsc.stderr}"
        yield SimpleNamespace(errors=errors)


def typed(wire, turn):
    @suite.check(f"{wire} {turn}: a {TYPES[wire][0]}")
    def _(stage):
        known = DEVIATIONS.get(wire, {})
        others = [error for error in stage.errors.get(f"{wire}.{turn}", []) if not any(part in error for part in known)]
        equal(others, [], "errors")


for _wire, _turn in REQUESTS:
    typed(_wire, _turn)


@suite.check("every deviation is still there")
def _(stage):
    for wire, parts in DEVIATIONS.items():
        told = [error for file, errors in stage.errors.items() if file.startswith(f"{wire}.") for error in errors]
        for part in parts:
            assert any(part in error for error in told), f"gone: {wire}: {part}"
