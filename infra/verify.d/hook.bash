# Part of infra/verify: a service whose deployments run a task by the lifecycle hook.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/verify.

# Seconds for one deployment of a service with one task: its hook's run, its task, and what ECS does before and after.
readonly HOOK_PATIENCE=900
# What ECS starts itself for a service, and not the hook.
readonly OF_A_SERVICE='ecs-svc/'

check_hook() {
  local begun execution_role rolling seen_before=''
  stack_output "$base" ExecutionRoleArn || true
  execution_role=$answer
  # What a rolling deployment does is a fact, and no check: AWS documents hooks of functions for other strategies.
  service_parameters ROLLING first
  create_stack "$base-hook-rolling" infra/verify-service.yaml "${service_parameters[@]}" || answer="refused: $answer"
  rolling=$answer
  deploy_service first create || return 0
  begun=$((SECONDS - began))
  deploy_service second update || return 0
  say_hook_facts
  pass hook "$((SECONDS - began))" "the first deployment ran the task once, in $begun s, and an update once more; log $log_group"
}

# Sets `service_parameters` to those of a service's stack.
service_parameters() {
  service_parameters=("TaskRunnerStack=$name" "Cluster=${cluster##*/}" "ExecutionRoleArn=$execution_role" "Image=$image" "LogGroup=$log_group"
    "SecurityGroupId=$security_group" "SubnetIds=$subnets" "AssignPublicIp=$public_ip" "Strategy=$1" "Release=$2")
}

# Creates or updates the service, and looks at what its hook ran. Where that is not what it should be, the check has failed.
deploy_service() {
  local release=$1 how=$2 stack=$base-hook wanted service runs count expected='1 task' arn
  service_parameters BLUE_GREEN "$release"
  "${how}_stack" "$stack" infra/verify-service.yaml "${service_parameters[@]}" ||
    { fails hook "the stack $stack could not be ${how}d. AWS said: $answer"; return 1; }
  case $how in create) wanted=CREATE_COMPLETE ;; *) wanted=UPDATE_COMPLETE expected='2 tasks' ;; esac
  wait_for_stack "$stack" "$HOOK_PATIENCE" || true
  find_service "$stack"
  service=$answer
  if [ "$status" != "$wanted" ]; then
    fails hook "the stack of the service should be in $wanted within $HOOK_PATIENCE s, and is in $status. $(failed_events "$stack")" "$service"
    return 1
  fi
  runs_of_hook "$stack" || { fails hook "the tasks of $stack could not be listed. AWS said: $answer" "$service"; return 1; }
  runs=$answer
  count=$(count_lines "$runs")
  if [ "$count" != "${expected% *}" ]; then
    if [ "$count" -lt "${expected% *}" ]; then count+='. The deployment went on without one.'; else count+='. It ran one more than once.'; fi
    fails hook "the hook should have run $expected so far, and ran $count" "$service"
    return 1
  fi
  while read -r arn _; do
    case $seen_before in *"$arn"*) continue ;; esac
    seen_before+=" $arn"
    log_lines "$log_group" "service/main/${arn##*/}" "hook of $release" ||
      { fails hook "the hook's task should have printed 'hook of $release', and has: '$lines'. AWS said: $answer" "$service"; return 1; }
  done <<<"$runs"
  deployment_ends
  [ "$answer" = SUCCESSFUL ] ||
    { fails hook "the service deployment should be SUCCESSFUL, and is '$answer'." "$service"; return 1; }
}

# Sets `answer` to the status of the service's newest deployment. CloudFormation may have done with the service a moment before ECS.
deployment_ends() {
  local until=$((SECONDS + 60))
  while :; do
    ask ecs list-service-deployments --cluster "${cluster##*/}" --service "${service##*/}" --output text \
      --query 'sort_by(serviceDeployments, &createdAt)[-1].status' || true
    case $answer in PENDING | IN_PROGRESS) ;; *) return 0 ;; esac
    [ "$SECONDS" -lt "$until" ] || return 0
    sleep "$POLL"
  done
}

# Sets `answer` to the ARN of the stack's service, or to nothing.
find_service() {
  ask cloudformation describe-stack-resources --stack-name "$1" --logical-resource-id Service --output text \
    --query 'StackResources[0].PhysicalResourceId' || answer=''
  [ "$answer" != None ] || answer=''
}

# Sets `answer` to the tasks that the hook of a service has run, one a line: ARN and exit code. All tasks of the service's family are
# of its stack.
runs_of_hook() {
  local wanted arns='' arn
  for wanted in RUNNING STOPPED; do
    ask ecs list-tasks --cluster "$cluster" --family "$1" --desired-status "$wanted" --query 'taskArns' --output text || return 1
    for arn in $answer; do case $arn in arn:*) arns+=" $arn" ;; esac; done
  done
  answer=''
  [ -n "$arns" ] || return 0
  # shellcheck disable=SC2086 # One argument for each task.
  ask ecs describe-tasks --cluster "$cluster" --tasks $arns --output text \
    --query "tasks[?!starts_with(startedBy || '', '$OF_A_SERVICE')].[taskArn,containers[0].exitCode]"
}

# Whether ECS keeps the executionId of a hook that is in progress, and whether it calls hooks of functions in rolling deployments.
say_hook_facts() {
  local calls='' seen
  ! calls_of_hook || calls=$answer
  fact 'executionId of a hook that is called again' "$(hook_calls "/$base-hook-Service" <<<"$calls")"
  wait_for_stack "$base-hook-rolling" "$HOOK_PATIENCE" || true
  case $rolling in
    refused:*) seen=$rolling ;;
    *)
      runs_of_hook "$base-hook-rolling" || answer=''
      seen=$(count_lines "${answer/None/}")
      case $seen in 0) seen='are not called' ;; *) seen='are called' ;; esac
      seen+=", and the stack is in $status"
      ! ask cloudformation describe-stack-events --stack-name "$base-hook-rolling" --output text \
        --query "StackEvents[?LogicalResourceId=='Service' && ResourceStatus=='CREATE_FAILED'].ResourceStatusReason | [0]" ||
        [ "$answer" = None ] || seen+=": $answer"
      ;;
  esac
  fact 'Lambda hooks of ROLLING deployments' "$seen"
}

# Sets `answer` to what the function has logged of its calls, as JSON.
calls_of_hook() {
  ask logs filter-log-events --log-group-name "/aws/lambda/$name/hook" --start-time "$causes_since" --output json \
    --filter-pattern '"ECS calls the hook"' --query 'events[].message'
}

# Fails where no call for the service of the check is in the function's log.
is_hook_called() {
  if calls_of_hook; then
    case $answer in *"/$base-hook-Service"*) ;; *) return 1 ;; esac
  else
    case $answer in *ResourceNotFoundException*) return 1 ;; esac
  fi
}

# What the calls of one service's hook show, of log lines that are read: how many there were of each deployment, and how many
# executionIds.
hook_calls() {
  "$python" -c '
import json, sys
calls = {}
for message in json.loads(sys.stdin.read().strip() or "[]") or []:
    try:
        line = json.loads(message)
    except ValueError:
        continue
    line = {**line, **line.get("fields", {})}
    deployment = line.get("deployment") or ""
    if sys.argv[1] in deployment:
        calls.setdefault(deployment, []).append(line.get("hook_execution"))
several = [ids for ids in calls.values() if len(ids) > 1]
if not several:
    print("not seen: no hook was called twice")
elif all(len(set(ids)) == 1 for ids in several):
    print("stays the same ({} calls)".format(", ".join(str(len(ids)) for ids in several)))
else:
    print("changes ({})".format(", ".join(f"{len(ids)} calls, {len(set(ids))} ids" for ids in several)))' "$1"
}
