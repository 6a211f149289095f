"""Starts ministack, which tests/requirements.txt pins, with what it does otherwise than AWS put right.

`python3 tests/local-run/emulator` takes ministack's own settings from the environment. Each module beside this one
says what it replaces, what ministack does in its place, and what AWS does.
"""

import custom_resources
import ecs_properties
import filter_patterns
import placeholders
import secret_references
import service_deployments
import template_summary
import wait_condition_handles
from ministack.app import main

for module in (
    ecs_properties,
    custom_resources,
    filter_patterns,
    placeholders,
    secret_references,
    service_deployments,
    template_summary,
    wait_condition_handles,
):
    module.install()
main()
