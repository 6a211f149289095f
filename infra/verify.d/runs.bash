# Part of infra/verify: runs while a stack is created.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/verify.

# Seconds in which a run of a moment must have ended, on Fargate with its launch of half a minute or a minute, and its stack too.
readonly RUN_PATIENCE=300

check_success() {
  local group stream words
  create_run success "sh,-c,echo $base is well; sleep 2" || return 0
  ! wait_for_task success "$RUN_PATIENCE" || { choose_task; watch_end "$task"; }
  expect_stack success CREATE_COMPLETE "$RUN_PATIENCE" || return 0
  expect_tasks success 1 || return 0
  choose_task
  stack_output "$base-success" TaskArn || true
  [ "$answer" = "$task" ] || { fails success "the output TaskArn should be $task, and is '$answer'."; return 0; }
  stack_output "$base-success" ExitCode || true
  [ "$answer" = 0 ] || { fails success "the output ExitCode should be 0, and is '$answer'."; return 0; }
  stack_output "$base-success" LogGroup || true
  group=$answer
  stack_output "$base-success" LogStream || true
  stream=$answer
  [ "$group" = "$log_group" ] || { fails success "the output LogGroup should be $log_group, and is '$group'."; return 0; }
  log_lines "$group" "$stream" "$base is well" ||
    { fails success "the log stream $stream of $group should hold the line '$base is well', and holds: '$lines'. AWS said: $answer"; return 0; }
  words="log $group/$stream"
  timing "$base-success" "$execution" "$task"
  pass success "$((SECONDS - began))" "${answer:+$answer; }$words"
}

check_failure() {
  local reason text
  # ESC, as colours of a terminal have it, and BEL.
  create_run failure "sh,-c,printf '\\033[31m$base is ill\\033[0m\\007\\n'; exit 3" || return 0
  expect_stack failure ROLLBACK_COMPLETE "$RUN_PATIENCE" || return 0
  reason_of "$base-failure"
  reason=$answer
  case $reason in
    *EcsTask.Failed:*'exited with code 3'*"$base is ill"*) ;;
    *) fails failure "the Reason should have EcsTask.Failed, the exit code 3 and the line '$base is ill', and is: $reason"; return 0 ;;
  esac
  text=${reason//[$'\n\r\t']/}
  case $text in *[[:cntrl:]]*) fails failure "the Reason should have no control characters, and has some."; return 0 ;; esac
  expect_tasks failure 1 || return 0
  choose_task
  timing "$base-failure" "$execution" "$task"
  pass failure "$((SECONDS - began))" "${answer:+$answer; }the Reason has the exit code and the log line"
}

# Which of the two errors it is depends on what ECS makes of it: a container that did not start, or one that ended at once.
check_cannot_start() {
  local reason
  create_run cannot-start no-such-command || return 0
  expect_stack cannot-start ROLLBACK_COMPLETE "$RUN_PATIENCE" || return 0
  reason_of "$base-cannot-start"
  reason=$answer
  case $reason in
    *EcsTask.NotStarted:* | *EcsTask.Failed:*) ;;
    *) fails cannot-start "the Reason should have EcsTask.NotStarted or EcsTask.Failed, and is: $reason"; return 0 ;;
  esac
  reason=${reason#*EcsTask.}
  reason=EcsTask.${reason%%:*}
  if tasks_of cannot-start && [ -n "$tasks" ]; then
    choose_task
    ! ask ecs describe-tasks --cluster "$cluster" --tasks "$task" --query 'tasks[0].[stopCode,containers[0].exitCode]' --output text || {
      answer="${answer/[[:space:]]/, exit code }"
      answer=${answer/exit code None/no exit code}
      fact 'a command that does not exist' "$reason; stop code $answer"
    }
  fi
  pass cannot-start "$((SECONDS - began))" "the Reason has $reason"
}

check_delete() {
  local asked gone until left
  # A shell asks for the signal, and ends with it.
  create_run delete "sh,-c,trap 'exit 0' TERM; echo $base waits; sleep 900 & wait" || return 0
  until=$((SECONDS + RUN_PATIENCE))
  while :; do
    if ! wait_for_task delete "$RUN_PATIENCE"; then
      fails delete "a task should have been started, but $answer"
      return 0
    fi
    case $tasks in *RUNNING*) break ;; esac
    if [ "$SECONDS" -ge "$until" ]; then
      fails delete "the task should run within $RUN_PATIENCE s, and does not: ${tasks//$'\t'/ }"
      return 0
    fi
    sleep "$POLL"
  done
  choose_task
  asked=$SECONDS
  if ! delete_stack "$base-delete"; then
    fails delete "the stack could not be deleted while its task runs. AWS said: $answer"
    return 0
  fi
  wait_for_stack "$base-delete" "$RUN_PATIENCE" || true
  gone=$SECONDS
  if [ "$status" != GONE ]; then
    fails delete "the stack should be gone within $RUN_PATIENCE s of its deletion, and is in $status."
    return 0
  fi
  rm -f "$work/stacks/$base-delete"
  # Delete waits for the end of the tasks: nothing is left to wait for.
  if ! tasks_of delete; then
    fails delete "ECS does not show whether the task has stopped. AWS said: $answer" "$execution"
    return 0
  fi
  case $tasks in
    *"$task"*) ;;
    *) fails delete "ECS should show the task $task as STOPPED, and does not show it." "$execution"; return 0 ;;
  esac
  left=$(running_of "$tasks")
  if [ -n "$left" ]; then
    fails delete "no task should be left when the stack is gone, and there is: $left" "$execution"
    return 0
  fi
  pass delete "$((SECONDS - began))" "gone $((gone - asked)) s after the request, and its task is stopped"
}

# Those of a list of tasks that have not stopped.
running_of() {
  local arn last rest
  while IFS=$'\t' read -r arn last rest; do
    case $last in '' | STOPPED) ;; *) printf '%s in %s ' "$arn" "$last" ;; esac
  done <<<"$1"
}
