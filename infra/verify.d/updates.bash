# Part of infra/verify: runs while a stack is updated.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/verify.

check_skip() {
  create_run skip true || return 0
  expect_stack skip CREATE_COMPLETE "$RUN_PATIENCE" || return 0
  # A new time limit is no reason to run, as UpdateCriteria has the overrides alone.
  update_run skip true Timeout=601 || return 0
  expect_stack skip UPDATE_COMPLETE "$RUN_PATIENCE" || return 0
  stack_output "$base-skip" Skipped || true
  [ -n "$answer" ] || { fails skip "the output Skipped should say why nothing was run, and is empty."; return 0; }
  local why=$answer
  expect_tasks skip 1 || return 0
  pass skip "$((SECONDS - began))" "Skipped: $why"
}

check_rollback() {
  local before reason
  create_run rollback "sh,-c,echo one" || return 0
  expect_stack rollback CREATE_COMPLETE "$RUN_PATIENCE" || return 0
  stack_output "$base-rollback" TaskArn || true
  before=$answer
  update_run rollback "sh,-c,echo two; exit 4" || return 0
  expect_stack rollback UPDATE_ROLLBACK_COMPLETE "$RUN_PATIENCE" || return 0
  reason_of "$base-rollback"
  reason=$answer
  case $reason in
    *EcsTask.Failed:*'exited with code 4'*) ;;
    *) fails rollback "the Reason of the update should have EcsTask.Failed and the exit code 4, and is: $reason"; return 0 ;;
  esac
  # One of the creation, and one of the update that failed.
  expect_tasks rollback 2 || return 0
  stack_output "$base-rollback" TaskArn || true
  case $answer in
    "$before") answer='as before the update' ;;
    '') answer='empty' ;;
    *) answer='another than before the update' ;;
  esac
  fact 'output TaskArn after a rollback' "$answer"
  pass rollback "$((SECONDS - began))" "the update failed with exit code 4, and nothing ran on the way back"
}

# expect_tasks CHECK COUNT [EXECUTION]: how many tasks a check has had. Otherwise it has failed.
expect_tasks() {
  local count
  tasks_of "$1" || { fails "$1" "ECS does not show the tasks of the run. AWS said: $answer" "${3:-}"; return 1; }
  count=$(count_lines "$tasks")
  [ "$count" != "$2" ] || return 0
  fails "$1" "the number of tasks should be $2, and is $count: ${tasks//[[:space:]]/ }" "${3:-}"
  return 1
}
