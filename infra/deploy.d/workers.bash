# Part of infra/deploy: who runs the tasks, a fleet of workers or the function work, and the change from one to the other.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/deploy.

# Of the account's concurrency, what start, respond, stop and rescue need beside the function work (infra/README.md, Without a fleet).
readonly FUNCTIONS_CONCURRENCY=5
# What Lambda leaves to functions without a reservation of their own (Lambda guide, configuration-concurrency).
readonly UNRESERVED_CONCURRENCY=100
# About as many runs at once as ECS's 20 reads a second carry when each has an invocation of work (tests/load.md).
readonly WATCHED_RUNS=100
readonly THE_CHANGE='infra/README.md, From one to the other'

# What the stack would lose by the deployment is refused: runs that a worker or the function work has.
check_workers() {
  find_what_works
  if [ -n "$no_fleet" ]; then
    if [ "$present_workers" = Fleet ] && is_given ActivityArn; then
      problem "--no-fleet without --parameter ActivityArn: the stack $name has a fleet so far, and runs that wait at its activity would be lost. infra/deploy sets the parameter itself; ActivityArn= is the last step of the change ($THE_CHANGE)."
    fi
    check_concurrency
  elif [ "$present_workers" = Lambda ]; then
    if ! is_given Workers; then
      problem "--no-fleet: the stack $name has no fleet so far. To give it one, follow $THE_CHANGE."
    elif [ "$(parameter Workers)" = Fleet ] && [ "$future_keep_work" != true ]; then
      problem "--parameter KeepWork=true: the stack $name has no fleet so far, and Workers=Fleet without it deletes the function work while it has runs. Give it, and KeepWork=false when they are over ($THE_CHANGE)."
    fi
  elif [ "$present_keep_work" = true ] && [ "$future_keep_work" != true ]; then
    say "Warning: KeepWork=$future_keep_work deletes the function work. Executions that were given to it must be over, or they fail ($THE_CHANGE)."
  fi
}

# Sets what the stack has so far, and what it will have: `present_workers` to Fleet or Lambda, or to nothing where there is no stack,
# `present_keep_work`, and `future_keep_work`.
find_what_works() {
  present_workers='' present_keep_work='' future_keep_work=''
  find_in_stack "$name" 'Stacks[0].StackStatus'
  # REVIEW_IN_PROGRESS is a stack of which nothing was created yet.
  case $answer in '' | REVIEW_IN_PROGRESS) ;; *)
    find_stack_parameter "$name" Workers
    # Releases before the parameter had a fleet.
    present_workers=${answer:-Fleet}
    find_stack_parameter "$name" KeepWork
    present_keep_work=$answer
    ;;
  esac
  future_keep_work=$present_keep_work
  ! is_given KeepWork || future_keep_work=$(parameter KeepWork)
}

# Says how many runs at once the account's concurrency carries, and refuses a reservation that Lambda would refuse. Whoever may not
# ask deploys all the same.
check_concurrency() {
  local limit unreserved reserved='' runs settings
  if ! ask lambda get-account-settings --output text \
    --query '[AccountLimit.ConcurrentExecutions, AccountLimit.UnreservedConcurrentExecutions]'; then
    say "How many runs at once the account carries is not known: Lambda's GetAccountSettings was refused ($answer)."
    return
  fi
  settings=$answer
  read -r limit unreserved <<<"$settings"
  case $limit$unreserved in '' | *[!0-9]*) return 0 ;; esac
  if [ -n "$present_workers" ]; then
    find_stack_parameter "$name" WorkConcurrency
    reserved=$answer
    # The reservation of an earlier deployment is part of what is reserved, as long as the function is there.
    if [ "$present_workers" = Lambda ] || [ "$present_keep_work" = true ]; then
      unreserved=$((unreserved + ${reserved:-0}))
    fi
  fi
  ! is_given WorkConcurrency || reserved=$(parameter WorkConcurrency)
  if [ -n "$reserved" ]; then
    if [ $((unreserved - reserved)) -lt $UNRESERVED_CONCURRENCY ]; then
      problem "WorkConcurrency=$reserved: Lambda keeps $UNRESERVED_CONCURRENCY of the account's concurrency unreserved, and of its $limit $unreserved are unreserved so far. Give --parameter WorkConcurrency= for no reservation, or have the quota raised: $(raise_quota)."
      return
    fi
    runs=$reserved
    say "Up to $runs runs at once: WorkConcurrency. Others wait."
  else
    runs=$((unreserved - FUNCTIONS_CONCURRENCY))
    [ "$runs" -gt 0 ] || runs=0
    say "$runs runs at once fit beside the other functions of the task runner: $unreserved of the account's concurrency of $limit are unreserved, and $FUNCTIONS_CONCURRENCY are for start, respond, stop and rescue."
    if [ "$unreserved" -gt $UNRESERVED_CONCURRENCY ]; then
      say "Nothing keeps more runs than that from taking what those functions need, as WorkConcurrency is not set. It can be set to $((unreserved - UNRESERVED_CONCURRENCY)) or less."
    else
      say "Nothing keeps more runs than that from taking what those functions need: WorkConcurrency would, and the account has too little to reserve any. Have the quota raised: $(raise_quota)."
    fi
  fi
  [ "$runs" -le $WATCHED_RUNS ] ||
    say "ECS's reads carry about $WATCHED_RUNS runs at once, whatever the concurrency: with more, ends are noticed late (tests/load.md)."
}

raise_quota() {
  printf "'aws --region %s service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000'" "$region"
}

# Sets `workers` to the parameters that say who runs the tasks, and `activity_kept` to the activity of the fleet that there is so far.
choose_workers() {
  workers=() activity_kept=''
  [ -n "$no_fleet" ] || return 0
  workers=(Workers=Lambda)
  if [ -n "$dry_run" ]; then
    say "Where the stack $name has a fleet so far, it is deployed twice, and the second time with ActivityArn, its activity's ARN."
    return
  fi
  [ "$present_workers" = Fleet ] || return 0
  find_in_stack "$name" "Stacks[0].Outputs[?OutputKey=='ActivityArn'].OutputValue | [0]"
  case $answer in
    arn:*) ;;
    *) fail "The stack $name has a fleet so far, and no output ActivityArn with the activity that must be kept for it. Deploy it as it is once more, without --no-fleet." ;;
  esac
  activity_kept=$answer
  workers+=("ActivityArn=$activity_kept")
}

say_how_to_go_on() {
  local machine=MACHINE aws="aws --region $region" again="infra/deploy --bucket $bucket --region $region --name $name --no-fleet"
  [ -n "$activity_kept" ] || return 0
  ask cloudformation describe-stacks --stack-name "$name" --output text \
    --query "Stacks[0].Outputs[?OutputKey=='StateMachineArn'].OutputValue | [0]" || answer=''
  case $answer in arn:*) machine=$answer ;; esac
  say "Runs are given to the function work from now on. Workers go on with those that they have, at $activity_kept:
  1. Wait until these are over. An hour from now they are; $THE_CHANGE, has commands that list them before. '$aws stepfunctions list-executions --state-machine-arn $machine --status-filter RUNNING' names all that run.
  2. Delete the fleet: '$aws cloudformation delete-stack --stack-name $name-workers', and any other.
  3. Let go of its activity: '$again --parameter ActivityArn=', and then '$aws stepfunctions delete-activity --activity-arn $activity_kept'."
}
