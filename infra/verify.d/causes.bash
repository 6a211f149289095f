# Part of infra/verify: why a check has probably failed, as a sentence: which permission is missing and where it comes from, or who does
# not work.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/verify.

# When the script began, in milliseconds since 1970: what stands in the logs from before is not about its checks.
causes_since=$(($(date +%s) * 1000))
# How an ApiError of the programs names a refused call ("states:SendTaskSuccess on its task was denied"), and how IAM does.
readonly REFUSED_BY_IAM='not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)( on resource: ([^ "\\]+))?'
readonly REFUSED_CALL='([a-z0-9-]+:[A-Za-z]+) on [^"]* was denied'

# likely_cause EXECUTION_OR_STACK_OR_SERVICE WORDS: prints the likely cause of a failed check, of which the words say what was seen. Looks
# at what AWS says of the run, and then at what workers and functions have logged meanwhile: first at what names the run, or no run.
likely_cause() {
  local seen said whose function group run='' others=''
  said=$(said_of "$1")
  for seen in "$said" "$2"; do
    # What the task runner met has the name of its error, or is in its log. Otherwise CloudFormation was refused, or the AWS CLI.
    case $seen in *EcsTask.*) whose='the role of the workers' ;; *) whose='' ;; esac
    case $1 in arn:*) [ "$seen" != "$said" ] || whose='the role of the workers' ;; esac
    if cause_of_refusal "$seen" "$whose"; then return; fi
  done
  seen="$said $2"
  case $seen in
    *Worker.NotClaimed*) cause_of_no_worker; return ;;
    *CannotPullContainerError* | *'pull image'*)
      cause 'the image could not be pulled. The subnets need a route to the registry (a NAT gateway, or --assign-public-ip in public subnets), or give --image with one that they reach.'
      return
      ;;
    *ResourceInitializationError*)
      cause 'Fargate could not prepare the task. Its subnets need a route to the registry and to CloudWatch Logs (a NAT gateway, VPC endpoints, or --assign-public-ip in public subnets).'
      return
      ;;
    *'Capacity is unavailable'*) cause 'AWS has no Fargate capacity in these subnets at the moment. Try again later, or in other Availability Zones.'; return ;;
  esac
  # How the names of the run's executions begin. ECS's startedBy has one with the request and its attempt at the end.
  case $1 in
    *:execution:*) run=${1##*:} ;;
    *) if tasks_of "${1#"$base-"}" && [ -n "$tasks" ]; then choose_task; run=${execution##*:} run=${run%-*-*}; fi ;;
  esac
  for group in $(groups_of_workers) "/aws/lambda/$name/work"; do
    if refusals_in "$group" && cause_of_refusal "$answer" 'the role of the workers'; then return; fi
  done
  for function in start prepare hook respond stop rescue; do
    if refusals_in "/aws/lambda/$name/$function" && cause_of_refusal "$answer" "the role of the function $function"; then return; fi
  done
  case $1 in
    *:service/* | "$base-hook")
      is_hook_called ||
        { cause "ECS has not called the function hook, or it refused the call: 'aws --region $region logs tail /aws/lambda/$name/hook --since 30m'."; return; }
      ;;
  esac
  if is_unclaimed "$1" "$run" || ! has_worker; then cause_of_no_worker; return; fi
  case $seen in
    *'did not receive a response'*)
      cause "nobody has replied: see the dead letters (output DeadLetterQueueUrl of the stack $name), and what its functions say ('aws --region $region logs tail /aws/lambda/$name/start --since 30m', and the same for respond)."
      return
      ;;
  esac
  if [ -n "$others" ]; then cause_of_refusal "$others" 'the role of the workers' 'Meanwhile, in another run'; fi
}

cause() { printf 'Likely cause: %s\n' "$1"; }

# Prints what AWS says of the end of a run: the Reason of a stack, error and cause of an execution, the log lines of a hook that failed.
said_of() {
  case $1 in
    *:execution:*) ask stepfunctions describe-execution --execution-arn "$1" --query '[error,cause]' --output text || return 0 ;;
    arn:*)
      ask logs filter-log-events --log-group-name "/aws/lambda/$name/hook" --start-time "$causes_since" --max-items 50 --output text \
        --filter-pattern '{ $.incident = "HookFailed" }' --query 'events[].message' || return 0
      ;;
    *) reason_of "$1" ;;
  esac
  printf '%s' "$answer"
}

# Sets `answer` to the lines of a log group, since the script began, that tell of a refused call of the run or of none. Fails where there
# are none. Adds those of other runs to `others`.
refusals_in() {
  local line own='' of_base=${base#"$name-"}
  ask logs filter-log-events --log-group-name "$1" --start-time "$causes_since" --max-items 50 --output text \
    --filter-pattern '?AccessDenied ?"not authorized" ?"was denied"' --query 'events[].message' || return 1
  [ "$answer" != None ] || answer=''
  while IFS= read -r -d $'\t' line || [ -n "$line" ]; do
    case $line in
      *"$of_base"* | *"${run:-$of_base}"*) own+=$line ;;
      *'"execution"'*) others+=$line ;;
      *) own+=$line ;;
    esac
  done < <(printf '%s' "$answer")
  answer=$own
  [ -n "$answer" ]
}

# The log groups of the fleet, and of workers that are a service and whose stack's name begins with the task runner's.
groups_of_workers() {
  local group
  printf '/ecs-task-runner/%s-workers\n' "$name"
  ask logs describe-log-groups --log-group-name-prefix "/ecs-task-runner/$name-" --query 'logGroups[].logGroupName' --output text || return 0
  for group in $answer; do case $group in *"/$name-workers" | None) ;; *) printf '%s\n' "$group" ;; esac; done
}

# Prints what to allow if the text tells of a refused call. Whose role was refused is the second argument: without it, who runs
# infra/verify. The third says what it is in the place of the likely cause.
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
    *'service control policy'*) by=' It is denied by a service control policy of the organization: no other policy can allow it.' ;;
    *'permissions boundary'*) by=" It is denied by a permissions boundary: the boundary has to allow it." ;;
    *'explicit deny'*) by=' It is denied explicitly, by a policy that somebody has attached.' ;;
    *) by=" $(source_of_right "$action" "$2")" ;;
  esac
  if [ -n "$2" ]; then
    printf '%s: %s lacks %s.%s\n' "${3:-Likely cause}" "$2" "$action${resource:+ on $resource}" "$by"
  else
    cause "you${role_arn:+, or the role $role_arn,} lack $action${resource:+ on $resource}.$by"
  fi
}

# Where a right comes from: the statement of infra/task-runner.yaml, and the parameter that narrows it.
source_of_right() {
  local of_workers="of WorkerPolicy in infra/task-runner.yaml"
  case $2 in
    '')
      printf 'What infra/verify needs is in infra/policies/verify.json and infra/policies/use.json.'
      return
      ;;
    'the role of the function '*)
      printf 'It comes from the policies of that role in infra/task-runner.yaml: deploy the stack %s from this commit again (infra/deploy).' "$name"
      return
      ;;
  esac
  case $1 in
    states:SendTask*)
      printf "It comes from the statement SendOutcomes %s, and without a fleet from WorkTokensPolicy. If the workers' role has that policy, this account refuses the call by an ARN, for which IAM's reference knows no resource: deploy with '--parameter AnyTaskToken=true' (infra/README.md, Least privilege)." \
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

# Whether a run waits for a worker. $1 is an execution's ARN; for a stack or a service all running executions are looked at, whose names
# begin with $2.
is_unclaimed() {
  local executions=$1 execution
  case $1 in
    *:execution:*) ;;
    *)
      ask stepfunctions list-executions --state-machine-arn "$machine" --status-filter RUNNING --max-items 20 --output text \
        --query "executions[?starts_with(name, '$2')].executionArn" || return 1
      executions=$answer
      ;;
  esac
  for execution in $executions; do
    case $execution in arn:*) ;; *) continue ;; esac
    ask stepfunctions get-execution-history --execution-arn "$execution" --output text \
      --query "events[?type=='ActivityScheduled' || type=='ActivityStarted'].type" || continue
    case $answer in *ActivityStarted*) ;; *ActivityScheduled*) return 0 ;; esac
  done
  return 1
}

# Whether there may be a worker. False only where the fleet's Auto Scaling group exists and has no instance in service: without a group,
# workers may run elsewhere.
has_worker() {
  count_instances || return 0
  [ "$answer" != 0 ]
}

cause_of_no_worker() {
  local aws="aws --region $region"
  if [ "$workers" = Lambda ]; then
    cause "the function work was not free. It is throttled, or Lambda's concurrency is used up (infra/README.md, Without a fleet). Its log: '$aws logs tail /aws/lambda/$name/work --since 30m'."
    return
  fi
  cause "no worker polls the activity of the stack $name. The fleet is the stack $name-workers: '$aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names $name-workers-workers' shows its instances, and '$aws logs tail /ecs-task-runner/$name-workers --since 1h' what they say (infra/runbook.md). Workers that run elsewhere must poll the output ActivityArn of the stack $name."
}
