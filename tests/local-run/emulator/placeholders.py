"""Placeholders for resources that ministack cannot create, so that they do not stop a stack.

ministack refuses a template with a type that it does not know, as AWS refuses one that does not exist, and fails where
its own code does not expect what a property holds. Here such a resource is recorded, and nothing is made. Its reference
is made of the names of the stack and the resource; each of its attributes is a text with the attribute's name. The
event of its creation says so. A resource that AWS would refuse as well still fails.
"""

import functools

from ministack.services.cloudformation import changesets, handlers, provisioners, stacks


class _Attributes(dict):
    """Has every attribute that a template asks for."""

    def __contains__(self, name):
        return True

    def __missing__(self, name):
        return f"placeholder-{name}"


# What ministack's own mistakes raise. What it refuses as AWS does raises ValueError or RuntimeError.
_MISTAKES = (AttributeError, IndexError, KeyError, NotImplementedError, TypeError)

# Why a resource is a placeholder, by its reference.
_reasons: dict = {}


def install():
    """Replaces ministack's check of a template's types, and the creation and deletion of resources."""
    # An AttributeError here says that another version of ministack is installed.
    for module in (handlers, changesets):
        module.validate_template_support = functools.partial(_validate, module.validate_template_support)
    stacks._provision_resource = functools.partial(_provision, stacks._provision_resource)
    stacks._delete_resource = functools.partial(_delete, stacks._delete_resource)
    stacks._add_event = functools.partial(_add_event, stacks._add_event)


def _validate(original, template, *args, **kwargs):
    for resource in (template.get("Resources") or {}).values():
        kind = resource.get("Type", "") if isinstance(resource, dict) else ""
        if kind.startswith("AWS::") and kind not in provisioners._RESOURCE_HANDLERS:
            provisioners._RESOURCE_HANDLERS[kind] = {"create": functools.partial(_unknown, kind)}
    return original(template, *args, **kwargs)


def _unknown(kind, logical_id, props, stack_name):
    return _placeholder(logical_id, stack_name, f"The local emulator does not know {kind}: nothing was made")


def _provision(original, resource_type, logical_id, props, stack_name):
    try:
        return original(resource_type, logical_id, props, stack_name)
    except _MISTAKES as error:
        if not resource_type.startswith("AWS::"):
            raise
        reason = f"The local emulator cannot create this {resource_type} ({error}): nothing was made"
        return _placeholder(logical_id, stack_name, reason)


def _placeholder(logical_id, stack_name, reason):
    reference = f"{stack_name}-{logical_id}"
    _reasons[reference] = reason
    return reference, _Attributes()


def _delete(original, resource_type, physical_id, *args, **kwargs):
    if _reasons.pop(physical_id, None) is None:
        original(resource_type, physical_id, *args, **kwargs)


def _add_event(original, stack_id, stack_name, logical_id, resource_type, status, reason="", physical_id="", *args, **kwargs):
    if status == "CREATE_COMPLETE":
        reason = _reasons.get(physical_id, reason)
    return original(stack_id, stack_name, logical_id, resource_type, status, reason, physical_id, *args, **kwargs)
