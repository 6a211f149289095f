# Part of infra/verify: a run that no stack waits for, and one that is longer than a function may run.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/verify.

# Seconds that the long run sleeps: a minute more than the 15 that Lambda gives an invocation.
readonly LONG=960

check_direct() {
  local input execution until=$((SECONDS + RUN_PATIENCE)) exit_code
  execution=${machine/:stateMachine:/:execution:}:${base#"$name-"}-direct
  input=$("$python" -c '
import json, sys
cluster, definition, group, subnets, security_group, public_ip, *command = sys.argv[1:]
print(json.dumps({
    "Cluster": cluster, "TaskDefinition": definition, "LaunchType": "FARGATE", "Group": group, "Timeout": 600,
    "NetworkConfiguration": {"AwsvpcConfiguration": {
        "Subnets": subnets.split(","), "SecurityGroups": [security_group], "AssignPublicIp": public_ip}},
    "Overrides": {"ContainerOverrides": [{"Name": "task", "Command": command}]}}))' \
    "$cluster" "$task_definition" "$base-direct" "$subnets" "$security_group" "$public_ip" sh -c "echo $base is direct")
  printf '%s' "$execution" >"$work/executions/direct"
  if ! ask stepfunctions start-execution --state-machine-arn "$machine" --name "${execution##*:}" --input "$input" \
    --query executionArn --output text; then
    fails direct "the execution could not be started. AWS said: $answer" "$execution"
    return 0
  fi
  status=RUNNING
  while [ "$status" = RUNNING ] && [ "$SECONDS" -lt "$until" ]; do
    sleep "$POLL"
    ! ask stepfunctions describe-execution --execution-arn "$execution" --query status --output text || status=$answer
  done
  if [ "$status" != SUCCEEDED ]; then
    fails direct "the execution should be SUCCEEDED within $RUN_PATIENCE s, and is $status." "$execution"
    return 0
  fi
  ask stepfunctions describe-execution --execution-arn "$execution" --query output --output text || true
  exit_code=$("$python" -c '
import json, sys
output = json.load(sys.stdin)
print(output["ExitCode"] if output["TaskArn"] else "without a task")' <<<"$answer") || exit_code=none
  if [ "$exit_code" != 0 ]; then
    fails direct "the execution's output should have a TaskArn and the ExitCode 0, and is: $answer" "$execution"
    return 0
  fi
  expect_tasks direct 1 "$execution" || return 0
  pass direct "$((SECONDS - began))" "SUCCEEDED, and its output has the task and exit code 0"
}

check_long() {
  local invocations
  create_run long "sh,-c,sleep $LONG; echo $base is done" Timeout=$((LONG + RUN_PATIENCE)) || return 0
  expect_stack long CREATE_COMPLETE $((LONG + RUN_PATIENCE)) || return 0
  expect_tasks long 1 || return 0
  choose_task
  # The emulator has arn:aws:states:::lambda: before it.
  if ! ask stepfunctions get-execution-history --execution-arn "$execution" --output text \
    --query "events[?type=='TaskScheduled' && ends_with(taskScheduledEventDetails.resource, 'invoke.waitForTaskToken')].[id]"; then
    fails long "the history of the execution cannot be read. AWS said: $answer" "$execution"
    return 0
  fi
  invocations=$(count_lines "${answer/None/}")
  if [ "$invocations" -lt 2 ]; then
    fails long "the run should have been given to two invocations of work or more, and was given to $invocations." "$execution"
    return 0
  fi
  timing "$base-long" "$execution" "$task"
  pass long "$((SECONDS - began))" "${answer:+$answer; }one task, $invocations invocations"
}
