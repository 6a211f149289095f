# Part of infra/deploy: who runs the tasks, a fleet of workers or the function work, and the change from one to the other.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/deploy.

# Of the account's concurrency, what start, respond, stop and rescue need beside the function work: answers must get through while
# runs take the rest (infra/README.md, Without a fleet).
readonly FUNCTIONS_CONCURRENCY=5
# What Lambda leaves to functions without a reservation of their own (Lambda guide, configuration-concurrency).
readonly UNRESERVED_CONCURRENCY=100

# A stack without a fleet is deployed with --no-fleet again, or its runs would be taken from the function that works on them.
check_workers() {
  if [ -n "$no_fleet" ]; then
    check_concurrency
  elif [ -z "$(parameter Workers)" ] && [ "$(stack_parameter "$name" Workers)" = Lambda ]; then
    problem "--no-fleet: the stack $name has no fleet so far. How it gets one stands in infra/README.md, From one to the other."
  fi
}

# Says how many runs at once the account's concurrency carries, and refuses a reservation that Lambda would refuse. Whoever may not
# ask deploys all the same.
check_concurrency() {
  local limit unreserved reserved runs before
  reserved=$(parameter WorkConcurrency)
  if ! ask lambda get-account-settings --output text \
    --query '[AccountLimit.ConcurrentExecutions, AccountLimit.UnreservedConcurrentExecutions]'; then
    say "How many runs at once the account carries is not known: Lambda's GetAccountSettings was refused ($answer)."
    return
  fi
  read -r limit unreserved <<<"$answer"
  case $limit$unreserved in '' | *[!0-9]*) return 0 ;; esac
  # A reservation of an earlier deployment is part of what is reserved.
  before=$(stack_parameter "$name" WorkConcurrency)
  reserved=${reserved:-$before}
  unreserved=$((unreserved + ${before:-0}))
  if [ -n "$reserved" ]; then
    if [ $((unreserved - reserved)) -lt $UNRESERVED_CONCURRENCY ]; then
      problem "WorkConcurrency=$reserved: Lambda keeps $UNRESERVED_CONCURRENCY of the account's concurrency unreserved, and of its $limit $unreserved are unreserved so far. Leave the parameter out, or have the quota raised: 'aws --region $region service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000'."
    fi
    say "Up to $reserved runs at once: WorkConcurrency. Others wait."
    return
  fi
  runs=$((unreserved - FUNCTIONS_CONCURRENCY))
  [ "$runs" -gt 0 ] || runs=0
  say "Up to $runs runs at once: $unreserved of the account's concurrency of $limit are unreserved, and $FUNCTIONS_CONCURRENCY are for the other functions. Others wait."
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
  [ -n "$(stack_status "$name")" ] && [ "$(stack_parameter "$name" Workers)" != Lambda ] || return 0
  ask cloudformation describe-stacks --stack-name "$name" --output text \
    --query "Stacks[0].Outputs[?OutputKey=='ActivityArn'].OutputValue | [0]" || answer=''
  case $answer in arn:*) ;; *) return 0 ;; esac
  activity_kept=$answer
  workers+=("ActivityArn=$activity_kept")
}

say_how_to_go_on() {
  local aws="aws --region $region"
  [ -n "$activity_kept" ] || return 0
  say "Runs are given to the function work from now on. Those that the fleet has it goes on with, at $activity_kept:
  1. Wait until none of them runs, an hour at most: '$aws stepfunctions list-executions --state-machine-arn MACHINE --status-filter RUNNING' names what runs, and 'explain' who has it.
  2. Delete the fleet: '$aws cloudformation delete-stack --stack-name $name-workers', and any other.
  3. Let go of its activity: infra/deploy again with --no-fleet --parameter ActivityArn= , and then '$aws stepfunctions delete-activity --activity-arn $activity_kept'."
}
