"""Container definitions of templates with the member names of ECS.

ministack changes the names that CloudFormation has (`ValueFrom`) to those of ECS (`valueFrom`) in some members of a
container definition, and leaves others as they are in the template.
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


def install():
    """Replaces ministack's function."""
    original = provisioners._normalize_container_defs
    provisioners._normalize_container_defs = functools.partial(_normalize, original)


def _normalize(original, definitions):
    normalized = original(definitions)
    for definition in normalized:
        for member in _STRUCTURES:
            if member in definition:
                definition[member] = provisioners._pascal_to_camel(definition[member])
    return normalized
