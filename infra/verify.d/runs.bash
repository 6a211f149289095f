# Part of infra/verify: runs while a stack is created.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/verify.

# Seconds in which a run of a moment must have ended, on Fargate with its launch of half a minute or a minute, and its stack too.
readonly RUN_PATIENCE=300

check_success() {
  local group stream words
  create_run success "sh,-c,echo $base is well; sleep 2" || return 0
  expect_stack success CREATE_COMPLETE "$RUN_PATIENCE" || return 0
  tasks_of success && [ -n "$tasks" ] || { fails success "ECS shows no task of the run. AWS said: $answer"; return 0; }
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
  answer=''
  ! tasks_of failure || [ -z "$tasks" ] || { choose_task; timing "$base-failure" "$execution" "$task"; }
  pass failure "$((SECONDS - began))" "${answer:+$answer; }the Reason has the exit code and the log line"
}
