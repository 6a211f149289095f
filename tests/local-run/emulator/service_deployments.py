"""Services of templates whose deployments call a lifecycle hook: CloudFormation waits for the deployment.

ministack keeps the hooks of a service, calls none of them, and has no deployments. The stand-in for ECS plays them. So
a service with a hook is made there, and the stand-in has ministack keep it. As on AWS, a deployment that is rolled back
fails the resource.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html
"""

import functools
import json
import os
import time
import urllib.error
import urllib.request

from ministack.core.responses import get_region
from ministack.services import ecs
from ministack.services.cloudformation import provisioners, stacks

# How often the deployment is looked at, in seconds.
_LOOK_AGAIN = 0.5

# The statuses in which a deployment has ended (API_ServiceDeploymentBrief).
_ENDED = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")


class _Services:
    """ministack's ECS, for its CloudFormation: services with a hook are made and changed at the stand-in."""

    def __getattr__(self, name):
        return getattr(ecs, name)

    def _create_service(self, request):
        return _deployed("CreateService", request, ecs._create_service)

    def _update_service(self, request):
        return _deployed("UpdateService", request, ecs._update_service)


def install():
    """Replaces what ministack's CloudFormation calls, and takes the wait from its event loop."""
    # An AttributeError here says that another version of ministack is installed.
    ecs._create_service, ecs._update_service  # noqa: B018
    provisioners._ecs = _Services()
    stacks._runs_on_worker_thread = functools.partial(_runs_on_worker_thread, stacks._runs_on_worker_thread)


def _runs_on_worker_thread(original, resource_type):
    return resource_type == "AWS::ECS::Service" or original(resource_type)


def _deployed(operation, request, original):
    if not _has_hook(operation, request):
        return original(request)
    request = {name: value for name, value in request.items() if value is not None}
    name = request.get("serviceName") or request["service"]
    service = {"cluster": request["cluster"], "service": name}
    before = _latest_deployment(service)
    status, answer = _ask(operation, request)
    if status < 400:
        status, answer = _end_of_deployment(service, before)
    return status, {}, json.dumps(answer).encode()


def _has_hook(operation, request):
    configuration = request.get("deploymentConfiguration")
    if configuration is None and operation == "UpdateService":
        key = f"{ecs._resolve_cluster_name(request['cluster'])}/{request['service'].rsplit('/', 1)[-1]}"
        configuration = (ecs._services.get(key) or {}).get("deploymentConfiguration")
    return bool((configuration or {}).get("lifecycleHooks"))


def _end_of_deployment(service, before):
    while True:
        deployment = _latest_deployment(service)
        # What changes the service in place has no deployment.
        if deployment == before or deployment["status"] == "SUCCESSFUL":
            return 200, {}
        if deployment["status"] in _ENDED:
            reason = deployment.get("statusReason", "")
            return 400, {"message": f"The service deployment ended in {deployment['status']}: {reason}"}
        time.sleep(_LOOK_AGAIN)


def _latest_deployment(service):
    _, answer = _ask("ListServiceDeployments", service)
    return next(iter(answer["serviceDeployments"]), None)


def _ask(operation, body):
    scope = f"Credential=cloudformation/20260101/{get_region()}/ecs/aws4_request"
    request = urllib.request.Request(
        os.environ["AWS_ENDPOINT_URL_ECS"] + "/",
        data=json.dumps(body).encode(),
        headers={
            "X-Amz-Target": f"AmazonEC2ContainerServiceV20141113.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none",
        },
    )
    # No proxy: the stand-in is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request) as answer:
            return answer.status, json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"{}")
