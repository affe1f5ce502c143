// The official Node SDKs, asked in each of their ways: one JSON job per line in,
// one JSON outcome per line out. What a job and an outcome are: python/sdk.py.

import { createInterface } from "node:readline";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const City = z.object({ city: z.string() });

function plain(create) {
  return async (client, body, outcome) => {
    for await (const event of await create(client, { ...body, stream: true })) outcome.events.push(event);
  };
}

function whole(create) {
  return async (client, body, outcome) => {
    outcome.final = await create(client, body);
  };
}

const responses = (client, body) => client.responses.create(body);
const chat = (client, body) => client.chat.completions.create(body);
const messages = (client, body) => client.messages.create(body);

const WAYS = {
  "responses.create": whole(responses),
  "responses.create stream": plain(responses),
  "responses.stream": async (client, body, outcome) => {
    const stream = client.responses.stream(body);
    stream.on("response.output_text.delta", (event) => (outcome.text += event.delta));
    outcome.final = await stream.finalResponse();
  },
  "responses.parse": async (client, body, outcome) => {
    outcome.final = await client.responses.parse({ ...body, text: { format: zodTextFormat(City, "answer") } });
    outcome.parsed = outcome.final.output_parsed;
  },
  "chat.completions.create": whole(chat),
  "chat.completions.create stream": plain(chat),
  "chat.completions.stream": async (client, body, outcome) => {
    const stream = client.chat.completions.stream(body);
    stream.on("content", (piece) => (outcome.text += piece));
    outcome.final = await stream.finalChatCompletion();
  },
  "chat.completions.parse": async (client, body, outcome) => {
    outcome.final = await client.chat.completions.parse({ ...body, response_format: zodResponseFormat(City, "answer") });
    outcome.parsed = outcome.final.choices[0].message.parsed;
  },
  "chat.completions.runTools": async (client, body, outcome) => {
    const get_weather = ({ city }) => {
      outcome.ran = city;
      return "7 C, rain";
    };
    const tools = body.tools.map((tool) => ({
      type: "function",
      function: { ...tool.function, function: get_weather, parse: JSON.parse },
    }));
    const runner = client.chat.completions.runTools({ ...body, tools });
    outcome.final = await runner.finalChatCompletion();
  },
  "messages.create": whole(messages),
  "messages.create stream": plain(messages),
  "messages.stream": async (client, body, outcome) => {
    const stream = client.messages.stream(body);
    stream.on("text", (piece) => (outcome.text += piece));
    outcome.final = await stream.finalMessage();
  },
  "beta.messages.toolRunner": async (client, body, outcome) => {
    const run = ({ city }) => {
      outcome.ran = city;
      return "7 C, rain";
    };
    const tools = body.tools.map((tool) => ({ ...tool, run, parse: (input) => input }));
    outcome.final = await client.beta.messages.toolRunner({ ...body, tools });
  },
  "messages.countTokens": whole((client, body) => client.messages.countTokens(body)),
  "models.list": async (client, _, outcome) => {
    outcome.final = [];
    for await (const model of client.models.list()) outcome.final.push(model);
  },
  "models.retrieve": whole((client, body) => client.models.retrieve(body.model)),
};

async function run(job) {
  const [Library, base] = job.library === "openai" ? [OpenAI, "/v1"] : [Anthropic, ""];
  const client = new Library({
    baseURL: job.url + base,
    apiKey: "not-needed",
    maxRetries: 0,
    timeout: job.timeout * 1000,
    defaultHeaders: job.headers,
  });
  const outcome = { events: [], text: "" };
  try {
    await WAYS[job.way](client, job.body, outcome);
  } catch (error) {
    // Anything but an error of the SDK's own is a fault of this program or of the SDK.
    if (!(error instanceof OpenAI.OpenAIError || error instanceof Anthropic.AnthropicError)) {
      return { broken: `${error.stack}` };
    }
    outcome.error = {
      class: error.constructor.name,
      status: error.status ?? null,
      code: error.code ?? null,
      message: error.message,
    };
  }
  return outcome;
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await run(JSON.parse(line))) + "\n");
}
