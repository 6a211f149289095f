# Part of infra/verify: what it needs on this machine and in the account, all of it named at once.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/verify.

check_prerequisites() {
  check_python
  ! check_credentials || check_what_is_there
  stop_on_missing
}

check_what_is_there() {
  say "Looking at the task runner $name in $region (account $account)"
  check_stack "$name"
  find_task_runner
  check_subnets
  check_cluster
  ! is_chosen replace-worker || [ "${workers:-}" != Fleet ] || check_fleet
}

# Sets `machine` to the ARN of the state machine, `workers` to Fleet or Lambda, `of_roles` to the parameters that say how the task
# runner's roles are made, and `tags` to its tags: where an account asks for a boundary, a path or tags, it does so of everything.
find_task_runner() {
  find_in_stack "$name" 'Stacks[0].StackStatus'
  if [ -z "$answer" ]; then
    problem "The task runner: there is no stack $name in $region. Deploy it with infra/deploy, or name it with --name."
    return
  fi
  find_in_stack "$name" "Stacks[0].Outputs[?OutputKey=='StateMachineArn'].OutputValue | [0]"
  machine=$answer
  [ -n "$machine" ] || problem "The task runner: the stack $name has no output StateMachineArn. Name the stack of infra/task-runner.yaml with --name."
  find_stack_parameter "$name" PermissionsBoundaryArn
  of_roles=("PermissionsBoundaryArn=$answer")
  find_stack_parameter "$name" RolePath
  of_roles+=("RolePath=$answer")
  [ -z "$machine" ] || check_lists "${answer:-/}"
  # Names that begin with aws: are AWS's own.
  find_in_stack "$name" "to_string(Stacks[0].Tags[?!starts_with(Key, 'aws:')] || \`[]\`)"
  tags=${answer#'[]'}
  find_stack_parameter "$name" Workers
  # Releases older than the parameter Workers always had a fleet.
  workers=${answer:-Fleet}
  if [ "$workers" = Fleet ]; then
    ! is_chosen long || problem "A task runner without a fleet for --long: a worker of a fleet has a run until its end. Leave --long out."
  else
    ! is_chosen replace-worker || problem "A fleet for --replace-worker: the stack $name has none. Leave --replace-worker out."
  fi
}

# Whether the lists of what the task runner may run allow what is made here. The argument is the path of the roles.
check_lists() {
  local partition=${machine%%:states:*} here
  here=$region:$account
  case $cluster in
    '') check_list ClusterArns "$partition:ecs:$here:cluster/$base" ;;
    arn:*) check_list ClusterArns "$cluster" "$cluster" ;;
    *) check_list ClusterArns "$partition:ecs:$here:cluster/$cluster" "$partition:ecs:$here:cluster/$cluster" ;;
  esac
  check_list TaskDefinitionArns "$partition:ecs:$here:task-definition/$base-hook:1"
  check_list TaskRoleArns "$partition:iam::$account:role$1$base-TaskRole-1"
  check_list TaskLogGroupArns "$partition:logs:$here:log-group:/ecs/$base"
}

# check_list PARAMETER ARN [ALLOWED]: whether the list allows the ARN, and otherwise what to add to it. A list that the stack does not have
# allows everything.
check_list() {
  local list pattern patterns lacks=${3:-${2%"$base"*}$name-verify-*}
  find_stack_parameter "$name" "$1"
  list=$answer
  [ -n "$list" ] || return 0
  IFS=', ' read -r -a patterns <<<"$list"
  for pattern in "${patterns[@]}"; do
    # shellcheck disable=SC2254 # In IAM's patterns, * and ? mean the same.
    case $2 in $pattern) return 0 ;; esac
  done
  problem "The task runner may not run the tasks of infra/verify: $1 is '$list' and lacks $lacks. Deploy with --parameter '$1=$list,$lacks'."
}

# While one instance is replaced, another one must take its run over.
check_fleet() {
  if ! count_instances; then
    problem "The instances of the group $name-workers-workers, for --replace-worker. AWS said: $answer"
  else
    case $answer in
      '' | None | 0 | 1)
        problem "Two instances in service in the group $name-workers-workers, for --replace-worker: it has ${answer/None/none}. Workers that run elsewhere, as those of worker-service.yaml, are not replaced. Leave --replace-worker out."
        ;;
    esac
  fi
}

# Sets `answer` to how many instances of the fleet are in service, and to None where there is no such group.
count_instances() {
  ask autoscaling describe-auto-scaling-groups --auto-scaling-group-names "$name-workers-workers" --output text \
    --query "AutoScalingGroups[0].[length(Instances[?LifecycleState=='InService'])]"
}

check_cluster() {
  [ -n "$cluster" ] || return 0
  if ! ask ecs describe-clusters --clusters "$cluster" --query 'clusters[0].status' --output text; then
    problem "The cluster $cluster in $region. AWS said: $answer"
  elif [ "$answer" != ACTIVE ]; then
    problem "The cluster $cluster in $region: ECS knows no active cluster of this name."
  fi
}

# Sets `explainer` to the program that explains executions, if it is on this machine.
find_explainer() {
  local candidate
  explainer=''
  for candidate in ecs-task-runner "$target/release/ecs-task-runner" "$target/debug/ecs-task-runner"; do
    if have "$candidate"; then
      explainer=$candidate
      return
    fi
  done
}
