"""Task definitions and services of templates, as ECS has them.

ministack changes the names that CloudFormation has (`ValueFrom`) to those of ECS (`valueFrom`) in some members of a
container definition, and leaves others as they are in the template. It expects numbers where a parameter of a template
gives a text.
"""

import functools

from ministack.services.cloudformation import provisioners

# Members whose own members have fixed names. Others are maps with names of the user's.
_STRUCTURES = (
    "dependsOn",
    "environmentFiles",
    "extraHosts",
    "firelensConfiguration",
    "healthCheck",
    "linuxParameters",
    "repositoryCredentials",
    "resourceRequirements",
    "restartPolicy",
    "secrets",
    "systemControls",
    "ulimits",
)


_NUMBERS = ("DesiredCount", "HealthCheckGracePeriodSeconds")


def install():
    """Replaces ministack's functions."""
    original = provisioners._normalize_container_defs
    provisioners._normalize_container_defs = functools.partial(_normalize, original)
    service = provisioners._RESOURCE_HANDLERS["AWS::ECS::Service"]
    service["create"] = functools.partial(_create_service, service["create"])
    service["update"] = functools.partial(_update_service, service["update"])


def _normalize(original, definitions):
    normalized = original(definitions)
    for definition in normalized:
        for member in _STRUCTURES:
            if member in definition:
                definition[member] = provisioners._pascal_to_camel(definition[member])
    return normalized


def _create_service(original, logical_id, props, *args, **kwargs):
    return original(logical_id, _with_numbers(props), *args, **kwargs)


def _update_service(original, physical_id, old_props, new_props, *args, **kwargs):
    return original(physical_id, _with_numbers(old_props), _with_numbers(new_props), *args, **kwargs)


def _with_numbers(props):
    return {name: int(value) if name in _NUMBERS else value for name, value in props.items()}
