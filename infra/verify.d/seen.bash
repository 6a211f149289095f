# Part of infra/verify: what AWS says of a run.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/verify.

# Sets `answer` to the reason of the newest failure of the stack's run, and to nothing where it did not fail.
reason_of() {
  ask cloudformation describe-stack-events --stack-name "$1" --output text \
    --query "StackEvents[?LogicalResourceId=='Run' && (ResourceStatus=='CREATE_FAILED' || ResourceStatus=='UPDATE_FAILED' || ResourceStatus=='DELETE_FAILED')].ResourceStatusReason | [0]" ||
    return 0
  [ "$answer" != None ] || answer=''
}

# Sets `tasks` to the tasks of a check, one a line: ARN, last status, exit code of the container, startedBy. ECS shows tasks for an hour
# after their end.
tasks_of() {
  local wanted arns=''
  tasks=''
  for wanted in RUNNING STOPPED; do
    ask ecs list-tasks --cluster "$cluster" --family "$base" --desired-status "$wanted" --query 'taskArns' --output text || return 1
    [ "$answer" = None ] || arns+=" $answer"
  done
  arns=${arns//[[:space:]]/ }
  [ -n "${arns// /}" ] || return 0
  # shellcheck disable=SC2086 # One argument for each task.
  ask ecs describe-tasks --cluster "$cluster" --tasks $arns --output text \
    --query "tasks[?group=='$base-$1'].[taskArn,lastStatus,containers[0].exitCode,startedBy]" || return 1
  [ "$answer" = None ] || tasks=$answer
}

# Sets `answer` to what ECS says of the tasks of a check, as a sentence, and to nothing where there are none.
ends_of_tasks() {
  local arns
  answer=''
  tasks_of "$1" && [ -n "$tasks" ] || { answer=''; return 0; }
  arns=$(while read -r task _; do printf '%s ' "$task"; done <<<"$tasks")
  # shellcheck disable=SC2086 # One argument for each task.
  ask ecs describe-tasks --cluster "$cluster" --tasks $arns --output text \
    --query "tasks[].join(', ', [lastStatus, stopCode || 'no stop code', stoppedReason || 'no reason'])" || answer=''
  answer=${answer//$'\t'/; }
}

# Sets `task` to the ARN of the check's first task that the list of tasks has, and `execution` to that of its execution. ECS's
# startedBy is the name of the execution.
choose_task() {
  local started_by
  read -r task _ _ started_by <<<"$tasks"
  execution=${machine/:stateMachine:/:execution:}:$started_by
}

# How many lines a text has.
count_lines() {
  local line count=0
  while IFS= read -r line; do [ -z "$line" ] || count=$((count + 1)); done <<<"$1"
  printf '%s' "$count"
}

# Waits until the check has a task, for so many seconds at most, or until its stack is at rest. Where it has none, `answer` says why.
wait_for_task() {
  local until=$((SECONDS + $2))
  while :; do
    tasks_of "$1" || { answer="its tasks could not be listed. AWS said: $answer"; return 1; }
    [ -z "$tasks" ] || return 0
    look_at_stack "$base-$1"
    case $status in *_IN_PROGRESS | UNKNOWN*) ;; *) answer="the stack came to $status before one was seen."; return 1 ;; esac
    [ "$SECONDS" -lt "$until" ] || { answer="there was none within $2 s; the stack is in $status."; return 1; }
    sleep "$POLL"
  done
}

# Sets `lines` to what a log stream holds, for a stream that CloudWatch Logs shows late up to half a minute later.
log_lines() {
  local until=$((SECONDS + 30))
  lines=''
  while :; do
    if ask logs get-log-events --log-group-name "$1" --log-stream-name "$2" --start-from-head --query 'events[].message' --output text; then
      [ "$answer" = None ] || lines=$answer
    fi
    case $lines in *"$3"*) return 0 ;; esac
    [ "$SECONDS" -lt "$until" ] || return 1
    sleep "$POLL"
  done
}

# Python that reads a time as the AWS CLI prints it: seconds since 1970, or ISO 8601.
readonly AT='
import datetime, re, sys

def at(text):
    try:
        return float(text)
    except ValueError:
        pass
    # Python 3.10 reads neither Z nor fractions of other lengths than three and six digits.
    text = re.sub(r"\.(\d+)", lambda part: "." + part[1][:6].ljust(6, "0"), text.replace("Z", "+00:00"))
    return datetime.datetime.fromisoformat(text).timestamp()
'

# Sets `answer` to how long the parts of a run took, as a sentence: timing STACK EXECUTION TASK. A part that AWS does not tell is
# left out.
timing() {
  local seen=''
  ! ask cloudformation describe-stack-events --stack-name "$1" --output text \
    --query "StackEvents[?LogicalResourceId=='Run'].['stack',ResourceStatus,Timestamp]" || seen+=$answer$'\n'
  ! ask stepfunctions get-execution-history --execution-arn "$2" --no-include-execution-data --output text \
    --query "events[].['history',type,timestamp]" || seen+=$answer$'\n'
  ! ask ecs describe-tasks --cluster "$cluster" --tasks "$3" --output text \
    --query "tasks[0].[['task','startedAt',startedAt],['task','executionStoppedAt',executionStoppedAt]]" || seen+=$answer$'\n'
  answer=$("$python" -c "$AT"'
seen = [line.split("\t") for line in sys.stdin.read().splitlines()]
seen = sorted((at(row[2]), row[0], row[1]) for row in seen if len(row) == 3 and row[2] != "None")

def moment(source, names, after=0.0):
    return next((time for time, of, name in seen if of == source and name in names and time >= after), None)

def say(words, end, begin):
    if end is not None and begin is not None:
        said.append(f"{words} {max(0, round(end - begin))} s")

said = []
scheduled = moment("history", ("ActivityScheduled",))
say("claimed after", moment("history", ("ActivityStarted",)), scheduled)
started, exited = moment("task", ("startedAt",)), moment("task", ("executionStoppedAt",))
begun = [time for time, of, name in seen if of == "stack" and name in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS") and time <= (started or time)]
say("started after", started, max(begun, default=None))
replied = moment("stack", ("CREATE_COMPLETE", "CREATE_FAILED", "UPDATE_COMPLETE", "UPDATE_FAILED"), exited or 0.0)
say("reply after the exit:", replied, exited)
print(", ".join(said))' <<<"$seen") || answer=''
}

# Looks at a task each second until it has stopped, and tells what ECS shows before that: a run is over when its containers have exited,
# and the task has stopped when its network interface is gone.
watch_end() {
  local until=$((SECONDS + RUN_PATIENCE)) last stop_code exit_code exited stopped early=''
  while [ "$SECONDS" -lt "$until" ]; do
    if ask ecs describe-tasks --cluster "$cluster" --tasks "$1" --output text \
      --query 'tasks[0].[lastStatus,stopCode,containers[0].exitCode,executionStoppedAt,stoppedAt]'; then
      IFS=$'\t' read -r last stop_code exit_code exited stopped <<<"$answer"
      case $last in
        DEPROVISIONING)
          [ -n "$early" ] || early="exit code $exit_code, stop code $stop_code"
          ;;
        STOPPED)
          fact 'what ECS shows while the task is DEPROVISIONING' "${early:-not seen}"
          if [ "$exited" != None ] && [ "$stopped" != None ]; then
            answer=$("$python" -c "$AT"'print(round(at(sys.argv[2]) - at(sys.argv[1]), 1), "s")' "$exited" "$stopped")
            fact 'from the end of the containers to STOPPED' "$answer"
          fi
          return 0
          ;;
      esac
    fi
    sleep 1
  done
}

# How long the address of a wait condition's handle is valid. Whoever has the address may answer for the handle: it is not printed, and
# no argument of a program.
look_at_handle() {
  ask cloudformation describe-stack-resource --stack-name "$base" --logical-resource-id Handle --output text \
    --query StackResourceDetail.PhysicalResourceId || return 0
  answer=$(printf '%s' "$answer" | "$python" -c '
import sys, time, urllib.parse
query = urllib.parse.parse_qs(urllib.parse.urlsplit(sys.stdin.read()).query)
if "X-Amz-Expires" in query:
    print("address valid for", query["X-Amz-Expires"][0], "s")
elif "Expires" in query:
    print("address valid for", int(query["Expires"][0]) - int(time.time()), "s")
else:
    print("its address does not say how long it is valid")') || return 0
  fact 'wait condition handle' "$answer"
}
