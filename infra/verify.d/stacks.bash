# Part of infra/verify: the stack that the runs share, and one stack for each run.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/verify.

# Seconds for the base stack. A cluster, roles and a security group take one or two minutes.
readonly BASE_PATIENCE=600

begin() {
  local minutes='ten minutes'
  ! is_chosen long || minutes='half an hour'
  say "This takes about $minutes; each check prints a line when it ends."
  # CloudFormation takes few calls a second, and the checks make theirs at once (AWS CLI user guide, cli-configure-retries).
  export AWS_RETRY_MODE=${AWS_RETRY_MODE:-standard} AWS_MAX_ATTEMPTS=${AWS_MAX_ATTEMPTS:-10}
  work=$(mktemp -d)
  mkdir "$work/stacks" "$work/made" "$work/results" "$work/executions" "$work/refused"
  check_pids=() checking=''
  trap 'remove_all' EXIT
  # The handlers only note the signal. The removal takes minutes, and inside a handler a second Ctrl-C would not be seen until it ends.
  interrupted=''
  trap 'interrupted=129' HUP
  trap 'interrupted=130' INT
  trap 'interrupted=143' TERM
  # Nobody reads any more what is said, such as a tee that the same Ctrl-C has ended.
  trap 'interrupted=141' PIPE
  find_explainer
}

stop_if_interrupted() { [ -z "$interrupted" ] || exit "$interrupted"; }

# JSON of CloudFormation's parameters: stack_parameters Name=Value...
stack_parameters() {
  "$python" -c '
import json, sys
pairs = [argument.split("=", 1) for argument in sys.argv[1:]]
print(json.dumps([{"ParameterKey": key, "ParameterValue": value} for key, value in pairs]))' "$@"
}

# Creates a stack. It is noted before, so that it is deleted whatever happens meanwhile, and forgotten where CloudFormation refuses to make
# it.
create_stack() {
  local stack=$1 template=$2 parameters
  shift 2
  : >"$work/stacks/$stack"
  : >"$work/made/$stack"
  parameters=$(stack_parameters "$@")
  ask cloudformation create-stack --stack-name "$stack" --template-body "file://$template" --parameters "$parameters" \
    --capabilities CAPABILITY_IAM ${role_arn:+--role-arn "$role_arn"} ${tags:+--tags "$tags"} --query StackId --output text && return 0
  case $answer in
    *AccessDenied* | *'not authorized'* | *ExpiredToken* | *'Token has expired'* | *ValidationError* | *LimitExceeded*)
      rm -f "$work/stacks/$stack" "$work/made/$stack"
      ;;
  esac
  return 1
}

update_stack() {
  local stack=$1 template=$2 parameters
  shift 2
  parameters=$(stack_parameters "$@")
  ask cloudformation update-stack --stack-name "$stack" --template-body "file://$template" --parameters "$parameters" \
    --capabilities CAPABILITY_IAM ${role_arn:+--role-arn "$role_arn"} --query StackId --output text
}

# Sets `status` to the stack's, to GONE where it does not exist, and to UNKNOWN with what AWS said where it cannot be asked for.
look_at_stack() {
  if ask cloudformation describe-stacks --stack-name "$1" --query 'Stacks[0].StackStatus' --output text; then
    status=$answer
  else
    case $answer in *'does not exist'*) status=GONE ;; *) status="UNKNOWN (AWS said: $answer)" ;; esac
  fi
}

# Waits until nothing is in progress any more, for so many seconds at most. Sets `status`.
wait_for_stack() {
  local until=$((SECONDS + $2))
  look_at_stack "$1"
  while :; do
    case $status in *_IN_PROGRESS | UNKNOWN*) ;; *) return 0 ;; esac
    [ "$SECONDS" -lt "$until" ] || return 1
    sleep "$POLL"
    stop_if_interrupted
    look_at_stack "$1"
  done
}

# Sets `answer` to an output of a stack, and to nothing where it has none.
stack_output() {
  ask cloudformation describe-stacks --stack-name "$1" --query "Stacks[0].Outputs[?OutputKey=='$2'].OutputValue | [0]" --output text ||
    return 1
  [ "$answer" != None ] || answer=''
}

deploy_base() {
  say "Creating the stack $base, which all checks share"
  if ! create_base; then
    stop_if_interrupted
    # The first cluster of an account makes ECS's service-linked role, and may be too early for it.
    case $reason in
      *'service linked role'* | *'service-linked role'*)
        say "ECS's service-linked role was made just now, the first time in this account. Once more"
        delete_stack "$base"
        wait_for_stack "$base" "$BASE_PATIENCE" || true
        create_base || end_without_base
        ;;
      *) end_without_base ;;
    esac
  fi
  stack_output "$base" Cluster && cluster=$answer
  stack_output "$base" TaskDefinition && task_definition=$answer
  stack_output "$base" SecurityGroupId && security_group=$answer
  stack_output "$base" LogGroup && log_group=$answer
  look_at_handle
}

end_without_base() {
  stop_if_interrupted
  local hints
  hints=$(
    cause_of_refusal "$reason" '' || true
    explain_roles "$reason"
    [[ $reason != *iam:CreateRole* ]] || printf 'These are options of infra/deploy; infra/verify takes both from the stack %s.\n' "$name"
  )
  reason="The stack $base could not be created: $reason${hints:+$'\n'$hints}"
  [ -z "$report" ] || printf '%s\n' "$reason" | write_report
  fail "$reason"
}

# Sets `reason` when it fails.
create_base() {
  if ! create_stack "$base" infra/verify.yaml "ExistingCluster=$cluster" "Image=$image" "VpcId=$vpc" "${of_roles[@]}"; then
    reason=$answer
    return 1
  fi
  wait_for_stack "$base" "$BASE_PATIENCE" || true
  [ "$status" = CREATE_COMPLETE ] && return 0
  reason="it is in $status."$'\n'$(failed_events "$base")
  return 1
}

# The parameters of the stack of a check's run.
# run_parameters CHECK COMMAND [Name=Value]..., where COMMAND has commas between its words.
run_parameters() {
  local check=$1 command=$2
  shift 2
  run_parameters=("TaskRunnerStack=$name" "Cluster=$cluster" "TaskDefinition=$task_definition" "SecurityGroupId=$security_group"
    "SubnetIds=$subnets" "AssignPublicIp=$public_ip" "Group=$base-$check" "Command=$command" "$@")
}

# create_run CHECK COMMAND [Name=Value]...: creates the stack of a check's run. Where that is refused, the check has failed.
create_run() {
  run_parameters "$@"
  if [ -n "$dry_run" ]; then
    show_stack "$base-$1" infra/verify-run.yaml "${run_parameters[@]}"
    return 1
  fi
  create_stack "$base-$1" infra/verify-run.yaml "${run_parameters[@]}" && return 0
  fails "$1" "the stack $base-$1 could not be created. AWS said: $answer"
  return 1
}

# The same for an update.
update_run() {
  run_parameters "$@"
  update_stack "$base-$1" infra/verify-run.yaml "${run_parameters[@]}" && return 0
  fails "$1" "the stack $base-$1 could not be updated. AWS said: $answer"
  return 1
}

# expect_stack CHECK STATUS SECONDS: waits for the stack of a check's run. Where it ends otherwise, or not in time, the check has failed.
expect_stack() {
  local check=$1 wanted=$2 patience=$3 reason
  if ! wait_for_stack "$base-$check" "$patience"; then
    ends_of_tasks "$check"
    fails "$check" "the stack should be in $wanted within $patience s, and is in $status.${answer:+ Its tasks so far: $answer}"
    return 1
  fi
  [ "$status" != "$wanted" ] || return 0
  reason_of "$base-$check"
  reason=$answer
  fails "$check" "the stack should be in $wanted, and is in $status.${reason:+ The Reason of its run: $reason}"
  return 1
}

# The checks print their first command, that which makes their stack.
show_plan() {
  local check execution_role=EXECUTION_ROLE
  task_definition=TASK_DEFINITION security_group=SECURITY_GROUP log_group=/ecs/$base
  say "Where the task runner has PermissionsBoundaryArn, RolePath and tags, the stacks get them too."
  show_stack "$base" infra/verify.yaml "ExistingCluster=$cluster" "Image=$image" "VpcId=$vpc"
  cluster=${cluster:-$base}
  for check in "${chosen[@]}"; do
    case $check in
      direct) say "direct: an execution of the state machine of the stack $name" ;;
      hook)
        service_parameters ROLLING first
        show_stack "$base-hook-rolling" infra/verify-service.yaml "${service_parameters[@]}"
        service_parameters BLUE_GREEN first
        show_stack "$base-hook" infra/verify-service.yaml "${service_parameters[@]}"
        ;;
      *) "check_${check//-/_}" ;;
    esac
  done
  [ -n "$keep" ] || say "At the end all of them are deleted, those of the checks first."
}

# In the AWS CLI's short form, which needs no Python.
show_stack() {
  local stack=$1 template=$2 parameter value parameters=()
  shift 2
  for parameter in "$@"; do
    value=${parameter#*=}
    value=${value//\\/\\\\}
    value=${value//\"/\\\"}
    # Quoted, as there are commas and apostrophes in it (AWS CLI user guide, "Using shorthand syntax").
    parameters+=("ParameterKey=${parameter%%=*},ParameterValue=\"$value\"")
  done
  in_region cloudformation create-stack --stack-name "$stack" --template-body "file://$template" --capabilities CAPABILITY_IAM \
    ${role_arn:+--role-arn "$role_arn"} --parameters "${parameters[@]}"
}
