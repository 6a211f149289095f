# Part of infra/deploy: what the task runner may run, where, and as whom.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/deploy.

# The parameters of infra/task-runner.yaml whose default * allows all of the account.
readonly SCOPE='ClusterArns TaskDefinitionArns TaskRoleArns TaskLogGroupArns'

# What * allows in one of them.
allowed_by_all() {
  case $1 in
    ClusterArns) printf 'tasks are run, listed and stopped in every cluster of this account and region' ;;
    TaskDefinitionArns) printf 'every task definition can be run, with any command and any environment' ;;
    TaskRoleArns) printf 'a task can be given every role that ECS tasks can assume, and so the rights of the mightiest of them' ;;
    TaskLogGroupArns) printf "every log group of this account can be read, in all regions, and its lines get into the Reasons of failed runs" ;;
  esac
}

# An ARN as it may look, for somebody to change.
example_of() {
  case $1 in
    ClusterArns) printf 'arn:aws:ecs:%s:%s:cluster/NAME' "$region" "$account" ;;
    TaskDefinitionArns) printf "'arn:aws:ecs:%s:%s:task-definition/FAMILY:*'" "$region" "$account" ;;
    TaskRoleArns) printf "'arn:aws:iam::%s:role/NAME-*'" "$account" ;;
    TaskLogGroupArns) printf "'arn:aws:logs:%s:%s:log-group:/ecs/NAME*'" "$region" "$account" ;;
  esac
}

# A new stack is not opened to the whole account by a default that nobody has read. One that is there keeps what it has.
check_scope() {
  local list lacking=''
  [ -z "$present_workers$allow_all" ] || return 0
  for list in $SCOPE; do
    if ! is_given "$list"; then
      lacking=yes
      problem "--parameter $list=$(example_of "$list"), or several ARNs, separated by commas. With '*' $(allowed_by_all "$list")."
    fi
  done
  [ -z "$lacking" ] ||
    problem "--allow-all, in place of those lists, where whoever may deploy a stack with a Custom::EcsTask may do all of this. Lists can be narrowed later (infra/README.md, Least privilege)."
}

say_what_a_new_stack_needs() {
  local list lacking=''
  for list in $SCOPE; do
    is_given "$list" || lacking+=", $list"
  done
  if [ -n "$lacking" ] && [ -n "$allow_all" ]; then
    say "Where the stack $name is new, --allow-all leaves * in ${lacking#, }: all of this account and region."
  elif [ -n "$lacking" ]; then
    say "Where the stack $name is new, it needs --parameter for ${lacking#, }, or --allow-all."
  fi
}

warn_of_what_is_not_narrowed() {
  local list open
  ask cloudformation describe-stacks --stack-name "$name" --output text --query "Stacks[0].Parameters[?ParameterValue=='*'].ParameterKey" || return 0
  open=$answer
  case $open in '' | None) return 0 ;; esac
  say "Warning: ${open//[[:space:]]/, } are '*'. For whoever may invoke the function start or start executions, as far as the others do not say otherwise (infra/README.md, Least privilege):"
  for list in $SCOPE; do
    case " ${open//[[:space:]]/ } " in *" $list "*) say "  $list: $(allowed_by_all "$list")." ;; esac
  done
}
