"""GetTemplateSummary with a default only for the parameters that have one.

ministack answers an empty default for the others.
"""

import functools
import re

from ministack.services.cloudformation import handlers


def install():
    """Replaces ministack's handler."""
    original = handlers._ACTION_HANDLERS["GetTemplateSummary"]
    handlers._ACTION_HANDLERS["GetTemplateSummary"] = functools.partial(_summary, original)


def _summary(original, params):
    status, headers, body = original(params)
    text, _ = handlers._resolve_template(params)
    if status != 200 or not text:
        return status, headers, body
    declared = handlers._parse_template(text).get("Parameters") or {}
    xml = body.decode() if isinstance(body, bytes) else body
    for name, definition in declared.items():
        if "Default" not in definition:
            key = f"<ParameterKey>{re.escape(name)}</ParameterKey>"
            xml = re.sub(f"({key})<DefaultValue></DefaultValue>", r"\1", xml)
    return status, headers, xml.encode() if isinstance(body, bytes) else xml
