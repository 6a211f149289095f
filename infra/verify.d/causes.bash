# Part of infra/verify: why a check has probably failed, as a sentence: which permission is missing and where it comes from, or who does
# not work.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/verify.

# When the script began, in milliseconds since 1970: what stands in the logs from before is not about its checks.
causes_since=$(($(date +%s) * 1000))
# How an ApiError of the programs names a refused call ("states:SendTaskSuccess on its task was denied"), and how IAM does.
readonly REFUSED_BY_IAM='not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)( on resource: ([^ "\\]+))?'
readonly REFUSED_CALL='([a-z0-9-]+:[A-Za-z]+) on [^"]* was denied'

# Prints the likely cause of what was seen: a Reason, the end of an execution, or nothing but the time that has passed. Looks at what the
# text says itself, then at who serves the runs, then at what workers and functions have logged meanwhile.
likely_cause() {
  local seen=$1 refused
  if cause_of_refusal "$seen" 'the role of the workers'; then return; fi
  case $seen in
    *Worker.NotClaimed*) cause_of_no_worker; return ;;
    *CannotPullContainerError* | *'pull image'*)
      printf 'The image could not be pulled. The subnets need a route to the registry (a NAT gateway, or --assign-public-ip in public subnets), or give --image with one that they reach.'
      return
      ;;
    *ResourceInitializationError*)
      printf 'Fargate could not prepare the task: its subnets have no route to the registry or to CloudWatch Logs (a NAT gateway, VPC endpoints, or --assign-public-ip in public subnets), or the execution role of infra/verify.yaml was changed.'
      return
      ;;
    *'Capacity is unavailable'*) printf 'AWS has no Fargate capacity in these subnets at the moment. Try again later, or in other Availability Zones.'; return ;;
  esac
  for refused in "/ecs-task-runner/$name-workers" "/aws/lambda/$name/work"; do
    if refusals_in "$refused" && cause_of_refusal "$answer" 'the role of the workers'; then return; fi
  done
  for refused in start prepare hook respond stop rescue; do
    if refusals_in "/aws/lambda/$name/$refused" && cause_of_refusal "$answer" "the role of the function $refused"; then return; fi
  done
  if ! has_worker; then cause_of_no_worker; return; fi
  case $seen in
    *'did not receive a response'* | *'no reply'*)
      printf "Nobody has replied: see the dead letters (output DeadLetterQueueUrl of the stack %s), and the logs of its functions start and respond ('aws --region %s logs tail /aws/lambda/%s/start --since 30m')." \
        "$name" "$region" "$name"
      ;;
    *) printf 'Not known: what explain shows, and the log of the workers, may say more (infra/runbook.md).' ;;
  esac
}

# Sets `answer` to the latest lines of a log group, since the script began, that tell of a refused call. Fails where there are none.
refusals_in() {
  ask logs filter-log-events --log-group-name "$1" --start-time "$causes_since" --max-items 50 --output text \
    --filter-pattern '?AccessDenied ?"not authorized" ?"was denied"' --query 'events[].message' || return 1
  [ -n "$answer" ] && [ "$answer" != None ]
}

# Prints what to allow if the text tells of a refused call. Whose role was refused is the second argument.
cause_of_refusal() {
  local action='' resource='' by
  if [[ $1 =~ $REFUSED_BY_IAM ]]; then
    action=${BASH_REMATCH[1]} resource=${BASH_REMATCH[3]}
  elif [[ $1 =~ $REFUSED_CALL ]]; then
    action=${BASH_REMATCH[1]}
  else
    return 1
  fi
  case $1 in
    *'service control policy'*) by=' It is denied by a service control policy of the organization: no policy of the task runner can allow it.' ;;
    *'permissions boundary'*) by=" It is denied by the role's permissions boundary: the boundary has to allow it." ;;
    *'explicit deny'*) by=' It is denied explicitly, by a policy that somebody has attached.' ;;
    *) by=" $(source_of_right "$action" "$2")" ;;
  esac
  printf '%s lacks %s%s.%s' "$(capitalized "$2")" "$action" "${resource:+ on $resource}" "$by"
}

capitalized() {
  case $1 in the*) printf 'The%s' "${1#the}" ;; *) printf '%s' "$1" ;; esac
}

# Where a right comes from: the statement of infra/task-runner.yaml, and the parameter that narrows it.
source_of_right() {
  local of_workers="of WorkerPolicy in infra/task-runner.yaml"
  case $2 in
    'the role of the function '*)
      printf 'It comes from the policies of that role in infra/task-runner.yaml: deploy the stack %s from this commit again (infra/deploy).' "$name"
      return
      ;;
  esac
  case $1 in
    states:SendTask*)
      printf "It comes from the statement ServeActivity %s, and without a fleet from WorkTokensPolicy. If the workers' role has that policy, this account refuses the call by the activity's ARN, for which IAM's reference knows no resource type: allow it on '*' there (infra/README.md)." \
        "$of_workers"
      ;;
    states:*) printf 'It comes from the statement ServeActivity %s: the workers must have that policy, and the ARN of this activity.' "$of_workers" ;;
    ecs:RunTask | ecs:StartTask)
      printf 'It comes from the statement LaunchTasks %s: %s and %s must allow what this check ran.' "$of_workers" "$(parameter_now ClusterArns)" "$(parameter_now TaskDefinitionArns)"
      ;;
    iam:PassRole) printf 'It comes from the statement PassTaskRoles %s: %s must allow the roles of the task.' "$of_workers" "$(parameter_now TaskRoleArns)" ;;
    logs:GetLogEvents)
      printf 'It comes from the statement ReadTaskLogs %s: %s must allow the log group of the task.' "$of_workers" "$(parameter_now TaskLogGroupArns)"
      ;;
    ecs:TagResource) printf 'It comes from the statement TagTasksAtLaunch %s.' "$of_workers" ;;
    ecs:DescribeTaskDefinition) printf 'It comes from the statement ReadTaskDefinitions %s.' "$of_workers" ;;
    ecs:*) printf 'It comes from the statements about tasks %s: %s must allow the cluster.' "$of_workers" "$(parameter_now ClusterArns)" ;;
    *) printf 'It comes from the policies of infra/task-runner.yaml.' ;;
  esac
}

# A parameter of the stack with its value.
parameter_now() {
  if ask cloudformation describe-stacks --stack-name "$name" --output text \
    --query "Stacks[0].Parameters[?ParameterKey=='$1'].ParameterValue | [0]" && [ -n "$answer" ]; then
    printf "%s (now '%s')" "$1" "$answer"
  else
    printf '%s' "$1"
  fi
}

# Whether anybody may serve the runs: only a group without an instance in service says that nobody does. Workers may run elsewhere.
has_worker() {
  ask autoscaling describe-auto-scaling-groups --auto-scaling-group-names "$name-workers-workers" --output text \
    --query "AutoScalingGroups[0].[length(Instances[?LifecycleState=='InService'])]" || return 0
  [ "$answer" != 0 ]
}

cause_of_no_worker() {
  if ask cloudformation describe-stacks --stack-name "$name" --output text \
    --query "Stacks[0].Parameters[?ParameterKey=='Workers'].ParameterValue | [0]" && [ "$answer" = Lambda ]; then
    printf "The function work was not free: it is throttled, or Lambda's concurrency is used up (infra/README.md, Without a fleet). Its log is in /aws/lambda/%s/work." "$name"
    return
  fi
  printf "No worker polls the activity of the stack %s. The fleet is the stack %s-workers: '%s autoscaling describe-auto-scaling-groups --auto-scaling-group-names %s-workers-workers' shows its instances, '%s logs tail /ecs-task-runner/%s-workers --since 1h' what they say (infra/runbook.md). Workers that run elsewhere must poll the output ActivityArn of the stack %s." \
    "$name" "$name" "aws --region $region" "$name" "aws --region $region" "$name" "$name"
}
