"""The studio's HTTP API, from its OpenAPI description."""

from __future__ import annotations

from typing import Any

from allaprima.studio.app import openapi

INTRODUCTION = """\
# HTTP

`allaprima studio` answers these requests; [the studio](../studio.md#the-http-api) has examples, tokens and limits. The
same is at `/openapi.json` of a running server, for programs that make clients. Errors are `application/problem+json`
(RFC 9457), with the parameters that would help in `options`.
"""


def page() -> str:
    """Every path with its parameters, body and answers."""
    return INTRODUCTION + "".join(
        operation(f"{method.upper()} {path}", described)
        for path, methods in openapi()["paths"].items()
        for method, described in methods.items()
    )


def operation(where: str, described: dict[str, Any]) -> str:
    """One request."""
    parts = [f"\n## {where}\n\n{described['summary']}.\n"]
    if parameters := described.get("parameters"):
        rows = "".join(
            f"| `{one['name']}`{' (required)' if one.get('required') else ''} | {one['in']} | {value(one['schema'])} "
            f"| {cell(one.get('description', ''))} |\n"
            for one in parameters
        )
        parts.append(f"| parameter | in | value | |\n|---|---|---|---|\n{rows}")
    if body := described.get("requestBody"):
        parts.append(f"Body: {kinds(body)}.\n")
    rows = "".join(
        f"| {status} | {cell(answer['description'])} | {kinds(answer)} |\n"
        for status, answer in sorted(described["responses"].items())
    )
    parts.append(f"| answer | | |\n|---|---|---|\n{rows}")
    return "\n".join(parts)


def kinds(described: dict[str, Any]) -> str:
    """The media types of a body or an answer."""
    return ", ".join(f"`{kind}`" for kind in described.get("content", ()))


def value(schema: dict[str, Any]) -> str:
    """What a parameter may be."""
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"])
    limits = [f"{word} {schema[key]:g}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema]
    default = [f"default `{schema['default']}`"] if "default" in schema else []
    several = schema.get("anyOf", schema.get("oneOf", ()))
    kinds = schema.get("type") or " or ".join(value(one) for one in several)
    return "; ".join([" ".join([str(kinds), *limits]), *default])


def cell(text: str) -> str:
    """Text inside a table."""
    return " ".join(text.split()).replace("|", "\\|")
