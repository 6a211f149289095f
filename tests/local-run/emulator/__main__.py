"""Starts ministack, which tests/requirements.txt pins, with what it does otherwise than AWS put right.

`python3 tests/local-run/emulator` takes ministack's own settings from the environment. Each module beside this one
says what it replaces, what ministack does in its place, and what AWS does.
"""

import ecs_properties
import custom_resources
import filter_patterns
import placeholders
import secret_references
import template_summary
from ministack.app import main

ecs_properties.install()
custom_resources.install()
filter_patterns.install()
placeholders.install()
secret_references.install()
template_summary.install()
main()
