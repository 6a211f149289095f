"""Synthesizes a stack with the Python package, into the directory that is given."""

import json
import pathlib
import sys

from aws_cdk import App, DefaultStackSynthesizer, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from cdk_ecs_task_runner import EcsTaskRun, TaskRunner, UpdateCriterion

app = App()
stack = Stack(app, "Python", synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False))
vpc = ec2.Vpc(stack, "Vpc", max_azs=2)
cluster = ecs.Cluster(stack, "Cluster", vpc=vpc)
task_definition = ecs.FargateTaskDefinition(stack, "TaskDefinition")
task_definition.add_container("web", image=ecs.ContainerImage.from_registry("busybox"))
service = ecs.FargateService(
    stack, "Service", cluster=cluster, task_definition=task_definition, min_healthy_percent=100
)
task_runner = TaskRunner.from_stack(stack, "ecs-task-runner")
run = EcsTaskRun(
    stack,
    "Migrate",
    task_runner=task_runner,
    cluster=cluster,
    task_definition=task_definition,
    command=["python3", "manage.py", "migrate", "--no-input"],
    environment={"DEBUG": "false"},
    timeout=Duration.hours(2),
    triggers={"build": 17},
    update_criteria=[UpdateCriterion.TASK_DEFINITION, UpdateCriterion.environment("web", "DEBUG")],
    rollback_command=["python3", "manage.py", "migrate", "todo", "0001"],
)
service.node.add_dependency(run)
task_runner.hook(service, command=["python3", "manage.py", "check"], timeout=Duration.minutes(5))

template = app.synth().get_stack_by_name("Python").template
assert [kind for kind in (resource["Type"] for resource in template["Resources"].values()) if kind == "Custom::EcsTask"]
pathlib.Path(sys.argv[1], "python.json").write_text(json.dumps(template, indent=1), encoding="utf-8")
