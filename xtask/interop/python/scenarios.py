"""The table: what is asked, what the model says, and so what each client must
end up with, whatever dialect it speaks and whatever wire the upstream speaks."""

from dataclasses import dataclass

from wires import Call, Said

THOUGHT = "The user asks for a capital; I know it."
TEXT = "Paris — Париж, 巴黎 \U0001F600."
REFUSAL = "I cannot help with that."
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
WEATHER = {"name": "get_weather", "description": "Weather of a city", "schema": CITY}
CLOCK = {"name": "get_time", "description": "Time in a city", "schema": CITY}
# One red pixel.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
OSLO = Call("get_weather", {"city": "Oslo"})
RESULT = "7 C, rain"


@dataclass(frozen=True)
class Scenario:
    """`asked` is a question in no dialect (see `dialects.py`); `said` is what
    the model answers, and what every client must have."""

    asked: dict
    said: Said


def asking(prompt="Capital of France?", **more):
    return {"prompt": prompt, **more}


SCENARIOS = {
    "text": Scenario(asking(), Said(text=TEXT)),
    "reasoning": Scenario(asking(effort="low"), Said(reasoning=THOUGHT, text=TEXT)),
    "tool call": Scenario(asking(tools=[WEATHER]), Said(calls=(OSLO,))),
    "reasoning, text and parallel tools": Scenario(
        asking(tools=[WEATHER, CLOCK], effort="low"),
        Said(reasoning=THOUGHT, text="Let me look. ", calls=(OSLO, Call("get_time", {"city": "São Paulo"})))),
    "JSON schema": Scenario(asking(schema=CITY), Said(text='{"city": "Paris"}')),
    "image in": Scenario(asking("What colour?", image=PNG), Said(text="Red.")),
    "length": Scenario(asking(max_tokens=64), Said(text="Word after word", end="length")),
    "refusal": Scenario(asking(), Said(refusal=REFUSAL)),
    "cut by a filter": Scenario(asking(), Said(text="Paris is the", end="filter")),
    "tool loop": Scenario(asking(tools=[WEATHER], back=Said(reasoning=THOUGHT, text="Let me look.", calls=(OSLO,)), result=RESULT),
                          Said(text="It rains in Oslo.")),
    "late error": Scenario(asking(), Said(text=TEXT, end="error")),
}


def model_of(name):
    """A model id for each scenario, so that the upstream knows which it is."""
    return name.replace(",", "").replace(" ", "-").lower()
