"""Language models and prompts on the wire."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from api.schemas.promotion import PhotoFault
from api.schemas.tag import TagName
from api.schemas.texts import LongText, Name
from api.schemas.timestamp import Timestamp, timestamp

Category = Literal["analysis", "naming", "description"]
For = Literal["openai", "ollama", "both"]


class OllamaConfig(Struct, rename="camel"):
    """Ollama as it is chosen."""

    base_url: str
    vision_model: str
    text_model: str


class OpenAiConfig(Struct, rename="camel"):
    """OpenAI as it is chosen; the key is never told."""

    model: str
    base_url: str
    has_api_key: bool


class Available(Struct):
    """Which providers answer."""

    ollama: bool
    openai: bool


class Configs(Struct):
    """What is chosen for each."""

    ollama: OllamaConfig
    openai: OpenAiConfig


class AiConfig(Struct, rename="camel"):
    """Who describes photos, who could, and how."""

    current_provider: str
    available_providers: Available
    config: Configs


class OllamaChange(Struct, rename="camel"):
    """What is to be different; the rest stays."""

    base_url: Name | UnsetType = UNSET
    vision_model: Name | UnsetType = UNSET
    text_model: Name | UnsetType = UNSET


class OpenAiChange(Struct, rename="camel"):
    """What is to be different; an empty key takes the key away, and so does another address without a key."""

    api_key: LongText | UnsetType = UNSET
    model: Name | UnsetType = UNSET
    base_url: Name | UnsetType = UNSET


class AiConfigChange(Struct):
    """What is to be different."""

    provider: str | UnsetType = UNSET
    ollama: OllamaChange | UnsetType = UNSET
    openai: OpenAiChange | UnsetType = UNSET


class Told(Struct):
    """What was done, for people."""

    success: bool
    message: str


class Message(Struct):
    """What was done, for people."""

    message: str


class Prompt(Struct, rename="camel"):
    """A prompt."""

    id: str
    name: str
    description: str | None
    category: str
    provider: str
    system_prompt: str
    user_prompt: str
    is_default: bool | None
    is_active: bool | None
    created_at: Timestamp
    updated_at: Timestamp


class NewPrompt(Struct, rename="camel"):
    """A prompt to store."""

    name: Name
    category: Category
    provider: For
    system_prompt: LongText
    user_prompt: LongText
    description: LongText | None = None
    is_default: bool = False
    is_active: bool = True


class PromptChange(Struct, rename="camel"):
    """What is to be different."""

    name: Name | UnsetType = UNSET
    category: Category | UnsetType = UNSET
    provider: For | UnsetType = UNSET
    system_prompt: LongText | UnsetType = UNSET
    user_prompt: LongText | UnsetType = UNSET
    description: LongText | UnsetType | None = UNSET
    is_default: bool | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


class DefaultPrompt(Struct, rename="camel"):
    """A prompt as it is from the start."""

    id: str
    name: str
    description: str
    category: str
    provider: str
    system_prompt: str
    user_prompt: str
    is_default: bool


class DefaultPrompts(Struct):
    """The prompts that there are from the start, and what the categories are called."""

    prompts: list[DefaultPrompt]
    categories: dict[str, str]


class AnalysisWanted(Struct, rename="camel"):
    """Which photo to describe, without storing anything."""

    photo_id: TagName
    provider: str | None = None
    include_people_context: bool = True


class Analysis(Struct, rename="camel"):
    """What the provider said. ``processing_time`` in seconds."""

    success: bool
    analysis: dict[str, Any]
    confidence_scores: dict[str, float]
    processing_time: float


class AnalysesWanted(Struct, rename="camel"):
    """Which photos to describe anew."""

    photo_ids: list[TagName]
    provider: str | None = None
    include_people_context: bool = True


class OneAnalysis(Struct, rename="camel"):
    """What the provider said of one of them."""

    photo_id: str
    status: str
    analysis: dict[str, Any] | None


class Analyses(Struct, rename="camel"):
    """What the provider said of all."""

    processed: int
    errors: int
    results: list[OneAnalysis]
    error_details: list[PhotoFault]


class GeneratedName(Struct):
    """A file name, and the pattern it follows."""

    filename: str
    pattern: str


class EnhancedText(Struct, rename="camel"):
    """A description with what else is known of the photo."""

    original: str
    enhanced: str
    photo_id: str


def prompt_of(row: Row[*tuple[Any, ...]]) -> Prompt:
    """A row of :mod:`core.ai.prompts` as it goes over the wire."""
    return Prompt(
        id=row.id,
        name=row.name,
        description=row.description,
        category=row.category,
        provider=row.provider,
        system_prompt=row.system_prompt,
        user_prompt=row.user_prompt,
        is_default=row.is_default,
        is_active=row.is_active,
        created_at=timestamp(row.created_at),
        updated_at=timestamp(row.updated_at),
    )
