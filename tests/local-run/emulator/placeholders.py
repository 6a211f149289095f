"""Resources of types that ministack does not know: a placeholder each, so that they do not stop a stack.

ministack refuses a template with such a type, as AWS refuses one with a type that does not exist. Here the resource
is recorded, and nothing is made. Its reference is the stack's name and its own; each of its attributes is a text with the
attribute's name. The event of its creation says so.
"""

import functools

from ministack.services.cloudformation import changesets, handlers, provisioners, stacks


class _Attributes(dict):
    """Has every attribute that a template asks for."""

    def __contains__(self, name):
        return True

    def __missing__(self, name):
        return f"placeholder-{name}"


def install():
    """Replaces ministack's check of a template's types."""
    original = handlers.validate_template_support
    for module in (handlers, changesets):
        # An AttributeError here says that another version of ministack is installed.
        module.validate_template_support
        module.validate_template_support = functools.partial(_validate, original)
    stacks._add_event = functools.partial(_add_event, stacks._add_event)


# The types that have a placeholder.
_unknown: set = set()


def _validate(original, template, *args, **kwargs):
    for resource in (template.get("Resources") or {}).values():
        kind = resource.get("Type", "") if isinstance(resource, dict) else ""
        if kind.startswith("AWS::") and kind not in provisioners._RESOURCE_HANDLERS:
            _unknown.add(kind)
            provisioners._RESOURCE_HANDLERS[kind] = {"create": _create, "delete": _delete}
    return original(template, *args, **kwargs)


def _create(logical_id, props, stack_name):
    return f"{stack_name}-{logical_id}", _Attributes()


def _delete(physical_id, props):
    pass


def _add_event(original, stack_id, stack_name, logical_id, resource_type, status, reason="", *args, **kwargs):
    if resource_type in _unknown and status == "CREATE_COMPLETE":
        reason = f"The local emulator does not know {resource_type}: nothing was made"
    return original(stack_id, stack_name, logical_id, resource_type, status, reason, *args, **kwargs)
