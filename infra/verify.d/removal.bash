# Part of infra/verify: deletes what it has made, also after a failure or a signal.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/verify.

# Seconds for all stacks of runs together, and for their tasks. Where nothing replies, CloudFormation waits for a creation, and then for the
# Delete, as long as ServiceTimeout says: 600 s each.
readonly REMOVAL_PATIENCE=1500
# How often the deletion of the base stack is tried. A security group and a cluster can be deleted only when ECS has removed the network
# interface of the last task.
readonly REMOVAL_TRIES=3

# At the end of the script, however it ends. Its exit code stays, or becomes 1 where something is left.
remove_all() {
  local code=$? pid
  # What fails here does not keep the rest from being removed.
  set +e
  # Nor does a reader of the output that is gone.
  trap '' PIPE
  trap - EXIT
  interrupted=''
  if [ "$code" -gt 128 ]; then
    trap 'leave_the_rest' HUP INT TERM
  else
    trap 'trap leave_the_rest HUP INT TERM; say "What was made is being deleted. Ctrl-C again leaves it, and lists it."' HUP INT TERM
  fi
  if [ "$code" -gt 128 ] && [ -z "$keep" ] && [ "$(stacks_left)" ]; then
    say "Interrupted: deleting what was made (some minutes). Ctrl-C again leaves it, and lists it."
  fi
  for pid in ${check_pids[@]+"${check_pids[@]}"}; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in ${check_pids[@]+"${check_pids[@]}"}; do wait "$pid" 2>/dev/null || true; done
  [ "$code" -le 128 ] || [ -z "$checking" ] || (sum_up 'not ended') || true
  if ! [ "$(stacks_left)" ]; then
    say "Nothing was made."
  elif [ -n "$keep" ]; then
    say_how_to_remove "Kept, as --keep says:"
  else
    say "Removing the stacks"
    stop_executions
    remove_stacks
    if [ "$(stacks_left)" ]; then
      say_how_to_remove "Could not be removed:" >&2
      [ "$code" -ne 0 ] || code=1
    else
      say "Removed."
    fi
  fi
  rm -rf "$work"
  exit "$code"
}

# A second signal.
leave_the_rest() {
  trap '' HUP INT TERM
  ! [ "$(stacks_left)" ] || say_how_to_remove "Not removed:" >&2
  rm -rf "$work"
  exit 130
}

# The stacks that were made and are not gone, the one that the others need last.
stacks_left() {
  local file
  for file in "$work/stacks"/*; do
    case ${file##*/} in '*' | "$base") ;; *) printf '%s\n' "${file##*/}" ;; esac
  done
  [ ! -e "$work/stacks/$base" ] || printf '%s\n' "$base"
}

say_how_to_remove() {
  local stack why aws="aws --region $region cloudformation"
  printf '%s\n' "$1"
  for stack in $(stacks_left); do
    why=''
    [ ! -e "$work/refused/$stack" ] || why="AWS refused: $(<"$work/refused/$stack") "
    printf "  - the stack %s: %s'%s delete-stack --stack-name %s'. What keeps it: '%s describe-stack-events --stack-name %s'." \
      "$stack" "$why" "$aws" "$stack" "$aws" "$stack"
    case $stack in
      "$base") printf ' It goes when the others are gone, and their tasks have stopped.\n' ;;
      "$base-hook"*) printf '\n' ;;
      *) printf " If its run cannot be deleted: the same with '--retain-resources Run', once the stack is in DELETE_FAILED.\n" ;;
    esac
  done
}

# Direct runs that go on: their executions are noted by the checks.
stop_executions() {
  local file
  for file in "$work/executions"/*; do
    [ -e "$file" ] || continue
    ask stepfunctions stop-execution --execution-arn "$(<"$file")" --cause 'infra/verify has ended' || true
  done
}

# Asks for the deletion of a stack. Where that is refused, cancels an update that may be under way, and fails: the caller asks again,
# unless there is no right to it, which is kept. `answer` is why.
delete_stack() {
  local why
  rm -f "$work/refused/$1"
  if ! ask cloudformation delete-stack --stack-name "$1" ${role_arn:+--role-arn "$role_arn"}; then
    why=$answer
    case $why in *AccessDenied* | *'not authorized'* | *ExpiredToken* | *'Token has expired'*) printf '%s' "$why" >"$work/refused/$1" ;; esac
    ask cloudformation cancel-update-stack --stack-name "$1" || true
    answer=$why
    return 1
  fi
}

remove_stacks() {
  local until=$((SECONDS + REMOVAL_PATIENCE)) stack waits_for
  removal_began=$SECONDS said_at=$SECONDS
  # Its ServiceTimeout is that much longer, also twice.
  ! is_chosen long || until=$((until + 2 * LONG))
  for stack in $(stacks_left); do
    [ "$stack" = "$base" ] || delete_stack "$stack" || true
  done
  while [ "$SECONDS" -lt "$until" ]; do
    waits_for=''
    for stack in $(stacks_left); do
      [ "$stack" != "$base" ] && [ ! -e "$work/refused/$stack" ] || continue
      see_stack_go "$stack"
      [ "$status" = GONE ] || waits_for+=", $stack ($status)"
    done
    [ -n "$waits_for" ] || break
    say_still_there "${waits_for#, }"
    sleep "$POLL"
  done
  [ "$(stacks_left)" != "$base" ] || remove_base
}

# Once a minute.
say_still_there() {
  [ $((SECONDS - said_at)) -ge 60 ] || return 0
  said_at=$SECONDS
  say "Still there after $(((SECONDS - removal_began) / 60)) min: $1"
}

# Forgets a stack that is gone, and asks again for the deletion of one that is at rest.
see_stack_go() {
  look_at_stack "$1"
  case $status in
    GONE) rm -f "$work/stacks/$1" ;;
    DELETE_IN_PROGRESS | UNKNOWN*) ;;
    DELETE_FAILED)
      # Once more, then without the run: it is all that the stack has, and nothing of it is worth keeping the stack for. Where nobody
      # has replied, or there is no worker, once is enough. The stacks of services have no run.
      if is_run "$1" && { [ -s "$work/stacks/$1" ] || is_unanswered "$1"; }; then
        ask cloudformation delete-stack --stack-name "$1" --retain-resources Run ${role_arn:+--role-arn "$role_arn"} || true
      else
        printf 'again' >"$work/stacks/$1"
        delete_stack "$1" || true
      fi
      ;;
    *) delete_stack "$1" || true ;;
  esac
}

# Whether the stack is one of infra/verify-run.yaml.
is_run() { case $1 in "$base" | "$base-hook"*) return 1 ;; esac; }

is_unanswered() {
  reason_of "$1"
  case $answer in *'did not receive a response'* | *Worker.NotClaimed*) ;; *) return 1 ;; esac
}

# All tasks of what was made: each stack's task definition has the stack's name for its family. Those that still run are stopped.
wait_for_tasks_to_stop() {
  local until=$((SECONDS + REMOVAL_PATIENCE)) arns arn
  [ -n "${task_definition:-}" ] || return 0
  while [ "$SECONDS" -lt "$until" ]; do
    list_tasks_made RUNNING
    for arn in $answer; do ask ecs stop-task --cluster "$cluster" --task "$arn" --query task.lastStatus --output text; done
    # ECS gives what is stopping as STOPPED, as this is what it is to become.
    list_tasks_made STOPPED
    arns=$answer
    [ -n "$arns" ] || return 0
    # shellcheck disable=SC2086 # One argument for each task.
    ask ecs describe-tasks --cluster "$cluster" --tasks $arns --query "length(tasks[?lastStatus!='STOPPED'])" --output text || return 0
    [ "$answer" != 0 ] || return 0
    say_still_there "tasks that end ($answer)"
    sleep "$POLL"
  done
}

# Sets `answer` to the ARNs of the tasks that were made and that ECS wants to be in this status.
list_tasks_made() {
  local family arns='' arn
  for family in "$work/made"/*; do
    ask ecs list-tasks --cluster "$cluster" --family "${family##*/}" --desired-status "$1" --query taskArns --output text || continue
    for arn in $answer; do case $arn in arn:*) arns+=" $arn" ;; esac; done
  done
  answer=${arns# }
}

remove_base() {
  local try until
  for ((try = 1; try <= REMOVAL_TRIES; try++)); do
    # A task may have been launched since.
    wait_for_tasks_to_stop
    delete_stack "$base" || true
    [ ! -e "$work/refused/$base" ] || return 0
    until=$((SECONDS + BASE_PATIENCE))
    while ! wait_for_stack "$base" 60 && [ "$SECONDS" -lt "$until" ]; do say_still_there "$base ($status)"; done
    if [ "$status" = GONE ]; then
      rm -f "$work/stacks/$base"
      forget_task_definitions
      return
    fi
  done
}

# CloudFormation leaves inactive revisions behind. They cost nothing, so that nothing is said where this is refused.
forget_task_definitions() {
  local family arn
  for family in "$work/made"/*; do
    ask ecs list-task-definitions --family-prefix "${family##*/}" --status INACTIVE --query taskDefinitionArns --output text || continue
    for arn in $answer; do
      case $arn in */"${family##*/}":*) ask ecs delete-task-definitions --task-definitions "$arn" --query failures --output text ;; esac
    done
  done
}
