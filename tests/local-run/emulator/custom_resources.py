"""The end of a custom resource's request, and the Delete after it, as CloudFormation has them.

ministack waits for the answer to a custom resource's request whatever becomes of the stack meanwhile, and forgets a
resource whose creation failed. CloudFormation does not:

- CancelUpdateStack ends the wait. The resource is in UPDATE_FAILED, and the rollback sends it an Update with the
  properties of before.
- DeleteStack during the creation of the stack ends the wait, and sends the resource a Delete.
- A resource whose creation failed is sent a Delete when the stack is rolled back or deleted.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref.html
"""

import asyncio
import contextvars
import functools
import random
import string

from ministack.core.responses import now_iso
from ministack.services.cloudformation import _stacks, changesets, custom_resource, handlers, stacks


class Request:
    """A request to a custom resource that has no answer yet."""

    def __init__(self, request_type, logical_id, stack_name, stack_id):
        self.request_type = request_type
        self.logical_id = logical_id
        self.stack_name = stack_name
        self.stack_id = stack_id
        self.was_sent = False
        # Where no answer names it, CloudFormation makes up a physical id: stack, logical id, and random characters.
        unique = "".join(random.choices(string.ascii_uppercase + string.digits, k=12))
        self.physical_id = f"{stack_name}-{logical_id}-{unique}"


# The request that this thread sends: ministack gives each a thread of its own.
_current = contextvars.ContextVar("custom_resource_request")

# By the token in their response URL.
_waiting: dict = {}

# What ends with the creation of a stack, by the stack's id.
_creations: dict = {}


def install():
    """Replaces ministack's functions, wherever they are called from."""
    _wrap(_invoke, "invoke_custom_resource", custom_resource)
    _wrap(_register_token, "register_token", custom_resource)
    _wrap(_deliver_response, "deliver_response", custom_resource)
    _wrap(_deploy_stack, "_deploy_stack_async", stacks, handlers, changesets)
    _wrap(_roll_back, "_roll_back_operation", stacks, handlers)
    _wrap(_delete_stack, "_delete_stack_async", stacks, handlers)
    cancel = handlers._ACTION_HANDLERS["CancelUpdateStack"]
    handlers._ACTION_HANDLERS["CancelUpdateStack"] = functools.partial(_cancel_update, cancel)


def _wrap(wrapper, name, *modules):
    original = getattr(modules[0], name)
    for module in modules:
        # An AttributeError here says that another version of ministack is installed.
        getattr(module, name)
        setattr(module, name, functools.partial(wrapper, original))


def _invoke(original, request_type, logical_id, props, stack_name, stack_id, resource_type, *args, **kwargs):
    request = Request(request_type, logical_id, stack_name, stack_id)
    scope = _current.set(request)
    try:
        return original(request_type, logical_id, props, stack_name, stack_id, resource_type, *args, **kwargs)
    except Exception:
        stack = _stacks.get(stack_name)
        if stack is not None and request_type == "Create" and request.was_sent:
            stack["_resources"][logical_id] = {
                "PhysicalResourceId": request.physical_id,
                "ResourceType": resource_type,
                "ResourceStatus": "CREATE_FAILED",
                "LogicalResourceId": logical_id,
                "Properties": props,
                "Attributes": {},
                "Timestamp": now_iso(),
            }
        raise
    finally:
        _current.reset(scope)


def _register_token(original, token):
    event = original(token)
    request = _current.get()
    request.was_sent = True
    _waiting[token] = request
    # Cancelled or deleted before anybody could end this wait.
    stack = _stacks.get(request.stack_name) or {}
    if stack.get("_cancel_requested") or stack.get("_delete_requested"):
        _end_waits(request.stack_id)
    return event


def _deliver_response(original, token, response):
    request = _waiting.pop(token, None)
    if request is not None:
        request.physical_id = response.get("PhysicalResourceId") or request.physical_id
    return original(token, response)


def _end_waits(stack_id):
    """Fails what the stack waits for, in CloudFormation's words. Answers that come later change nothing."""
    for token, request in list(_waiting.items()):
        if request.stack_id == stack_id and request.request_type in ("Create", "Update"):
            verb = "creation" if request.request_type == "Create" else "update"
            custom_resource.deliver_response(token, {"Status": "FAILED", "Reason": f"Resource {verb} cancelled"})


def _cancel_update(original, params):
    answer = original(params)
    stack = handlers._resolve_stack(handlers._p(params, "StackName"))
    if stack and stack.get("_cancel_requested"):
        _end_waits(stack["StackId"])
    return answer


async def _deploy_stack(original, stack_name, stack_id, *args, **kwargs):
    if kwargs.get("is_update"):
        return await original(stack_name, stack_id, *args, **kwargs)
    ended = _creations[stack_id] = asyncio.Event()
    try:
        return await original(stack_name, stack_id, *args, **kwargs)
    finally:
        del _creations[stack_id]
        ended.set()


async def _roll_back(original, stack_name, stack_id, stack, operation, *args, **kwargs):
    if stack.pop("_cancel_requested", False):
        operation["cancelled"] = True
    failed = operation.get("failed_logical_id")
    record = stack["_resources"].get(failed)
    if record is not None and record["ResourceStatus"] == "CREATE_FAILED":
        operation["created"].append(failed)
    # A stack that is to be deleted is not rolled back before.
    if not stack.get("_delete_requested"):
        await original(stack_name, stack_id, stack, operation, *args, **kwargs)


async def _delete_stack(original, stack_name, stack_id, *args, **kwargs):
    creation = _creations.get(stack_id)
    if creation is not None:
        _stacks[stack_name]["_delete_requested"] = True
        _end_waits(stack_id)
        await creation.wait()
    await original(stack_name, stack_id, *args, **kwargs)
