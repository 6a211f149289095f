"""The reference of a secret in a template is its ARN, with which task definitions name it.

ministack refers to an AWS::SecretsManager::Secret by its name.
"""

import functools

from ministack.services import secretsmanager
from ministack.services.cloudformation import provisioners


def install():
    """Replaces what ministack does with resources of the type."""
    handler = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    handler["create"] = functools.partial(_by_arn, handler["create"])
    handler["update"] = functools.partial(_by_arn, handler["update"])
    handler["delete"] = functools.partial(_delete, handler["delete"])


def _by_arn(original, *args, **kwargs):
    reference, attributes = original(*args, **kwargs)
    return attributes.get("Arn", reference), attributes


def _delete(original, reference, properties):
    name, _ = secretsmanager._resolve(reference)
    return original(name or reference, properties)
