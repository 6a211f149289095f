# Part of infra/verify: a worker that is lost while it has a run.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/verify.

# Seconds for which the run goes on: it outlives its launch, the silence after which Step Functions gives a worker up (60 s), and the
# time until another worker has it.
readonly REPLACED=180

check_replace_worker() {
  local first second lost terminated
  create_run replace-worker "sh,-c,sleep $REPLACED; echo $base is replaced" || return 0
  if ! wait_for_task replace-worker "$RUN_PATIENCE"; then
    fails replace-worker "a task should have been started, but $answer"
    return 0
  fi
  choose_task
  workers_of_run && [ -n "$answer" ] || { fails replace-worker "the history should say which worker has the run, and does not. AWS said: $answer"; return 0; }
  first=${answer##*$'\t'}
  is_of_fleet "$first" || return 0
  if ! terminate "$first"; then
    fails replace-worker "the instance of the worker that has the run could not be terminated (ec2:TerminateInstances). AWS said: $answer"
    return 0
  fi
  terminated=$SECONDS
  while :; do
    workers_of_run || true
    second=${answer##*$'\t'}
    [ "$second" = "$first" ] || [ -z "$second" ] || break
    if [ $((SECONDS - terminated)) -ge "$REPLACED" ]; then
      fails replace-worker "another worker should have taken the run over within $REPLACED s, and none has."
      return 0
    fi
    sleep "$POLL"
  done
  terminated=$((SECONDS - terminated))
  expect_stack replace-worker CREATE_COMPLETE $((REPLACED + RUN_PATIENCE)) || return 0
  expect_tasks replace-worker 1 || return 0
  stack_output "$base-replace-worker" TaskArn || true
  [ "$answer" = "$task" ] || { fails replace-worker "the output TaskArn should be that of the task before, $task, and is '$answer'."; return 0; }
  ends_of_workers || true
  lost=${answer//$'\t'/, }
  fact 'how a worker was given up that had been cut off' "${lost:-not in the history}"
  pass replace-worker "$((SECONDS - began))" "another worker had the run $terminated s after the instance was terminated; the same task to its end"
}

# Sets `answer` to the workers that were given the run, the latest last.
workers_of_run() {
  ask stepfunctions get-execution-history --execution-arn "$execution" --output text \
    --query "events[?type=='ActivityStarted'].activityStartedEventDetails.workerName" || return 1
  [ "$answer" != None ] || answer=''
}

# Sets `answer` to the errors with which workers lost the run, as Step Functions names them.
ends_of_workers() {
  ask stepfunctions get-execution-history --execution-arn "$execution" --output text \
    --query "events[?type=='ActivityTimedOut' || type=='ActivityFailed'].join(' ', [type, activityTimedOutEventDetails.error || activityFailedEventDetails.error || 'without a name'])" ||
    return 1
  [ "$answer" != None ] || answer=''
}

# Whether the worker is an instance of the fleet: no other is terminated.
is_of_fleet() {
  case $1 in
    i-*) ;;
    *)
      fails replace-worker "the worker that has the run should be an instance of the stack $name-workers, and is '$1': workers that run elsewhere are not replaced here."
      return 1
      ;;
  esac
  ask autoscaling describe-auto-scaling-instances --instance-ids "$1" --query 'AutoScalingInstances[0].AutoScalingGroupName' --output text || true
  [ "$answer" = "$name-workers-workers" ] && return 0
  fails replace-worker "the worker that has the run should be an instance of the group $name-workers-workers, and its group is '$answer'."
  return 1
}

# At once, as when the host is lost: an instance that is shut down in order hands its runs over before (EC2 user guide, "Methods for
# terminating an instance"). Older releases of the AWS CLI do not have the option.
terminate() {
  ask ec2 terminate-instances --instance-ids "$1" --skip-os-shutdown --query 'TerminatingInstances[0].InstanceId' --output text && return 0
  case $answer in *[Uu]'nknown options'*) ;; *) return 1 ;; esac
  ask ec2 terminate-instances --instance-ids "$1" --query 'TerminatingInstances[0].InstanceId' --output text
}
