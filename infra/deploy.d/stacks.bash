# Part of infra/deploy: uploads and stacks.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/deploy.

upload() {
  code_key=$PREFIX/$code_hash/custom-resource.zip
  worker_key=$PREFIX/$worker_hash/ecs-task-runner
  definition_key=$PREFIX/$definition_hash/ecs-task.asl.json
  upload_file "$package/custom-resource.zip" "$code_key"
  upload_file "$package/ecs-task-runner" "$worker_key"
  upload_file statemachine/ecs-task.asl.json "$definition_key"
}

# The key holds the content's hash: what is there under it is the same.
upload_file() {
  if [ -z "$dry_run" ] && ask s3api head-object --bucket "$bucket" --key "$2"; then
    say "s3://$bucket/$2 is there already."
    return
  fi
  say "Uploading s3://$bucket/$2"
  in_region s3 cp --only-show-errors "$1" "s3://$bucket/$2" ||
    fail "$1 could not be uploaded to the bucket $bucket; the AWS CLI says why above. Make sure that you may put objects there, and try again."
}

deploy_task_runner() {
  deploy_stack "$name" infra/task-runner.yaml \
    "Architecture=$architecture" "ArtifactBucket=$bucket" "CodeKey=$code_key" "DefinitionKey=$definition_key" \
    ${parameters[@]+"${parameters[@]}"}
}

deploy_workers() {
  local instance_type=()
  # A type that was chosen in an earlier deployment stays, as long as it has the right processors.
  if [ "$(stack_architecture "$name-workers")" != "$architecture" ]; then
    case $architecture in
      arm64) instance_type=(InstanceType=t4g.small) ;;
      x86_64) instance_type=(InstanceType=t3.small) ;;
    esac
  fi
  deploy_stack "$name-workers" infra/worker.yaml \
    "Architecture=$architecture" "ArtifactBucket=$bucket" "WorkerKey=$worker_key" "WorkerSha256=$worker_hash" \
    "TaskRunnerStack=$name" "VpcId=$vpc" "SubnetIds=$subnets" \
    ${instance_type[@]+"${instance_type[@]}"} ${worker_parameters[@]+"${worker_parameters[@]}"}
}

# Through S3, as an inline template must not exceed 51,200 bytes.
deploy_stack() {
  local stack=$1 template=$2
  shift 2
  say "Deploying the stack $stack"
  in_region cloudformation deploy --stack-name "$stack" --template-file "$template" --s3-bucket "$bucket" --s3-prefix "$PREFIX/templates" \
    --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset --parameter-overrides "$@" || explain_failure "$stack"
}

explain_failure() {
  local status events
  status=$(stack_status "$1")
  events=$(failed_events "$1")
  {
    printf '\ninfra/deploy: The stack %s could not be deployed. It is in %s.\n' "$1" "${status:-no state, as it was not created}"
    if [ -n "$events" ]; then
      printf 'What failed, and first what led to the rest:\n%s\n' "$events"
    else
      printf 'No event of the stack says why: see what the AWS CLI says above.\n'
    fi
    case $events in
      *' signal'*)
        printf 'An instance sends its signal once its worker has polled. One that sends none could not reach AWS, as when its subnet has no '
        printf 'route to a NAT gateway or to VPC endpoints, or could not fetch the program from the bucket %s.\n' "$bucket"
        ;;
    esac
    printf '%s\n' "$(way_out "$1" "$status")"
  } >&2
  exit 1
}

way_out() {
  local aws="aws --region $region cloudformation" then='Then run infra/deploy again.'
  case $2 in
    ROLLBACK_COMPLETE | ROLLBACK_FAILED | CREATE_FAILED | DELETE_FAILED)
      printf "Correct what its events name ('%s describe-stack-events --stack-name %s'), and delete it: '%s delete-stack --stack-name %s'. %s" \
        "$aws" "$1" "$aws" "$1" "$then"
      ;;
    UPDATE_ROLLBACK_FAILED)
      printf "Correct what its events name ('%s describe-stack-events --stack-name %s'), and roll it back: '%s continue-update-rollback --stack-name %s'. %s" \
        "$aws" "$1" "$aws" "$1" "$then"
      ;;
    *_IN_PROGRESS) printf "It goes on by itself: '%s describe-stack-events --stack-name %s' shows how. %s" "$aws" "$1" "$then" ;;
    *) printf "Correct the cause. %s" "$then" ;;
  esac
}

# The failures of the stack's latest operation, oldest first.
failed_events() {
  ask cloudformation describe-stack-events --stack-name "$1" --max-items 500 --output json || return 0
  "$python" -c '
import json, sys
failed = []
for event in json.load(sys.stdin).get("StackEvents", []):
    status, of_the_stack = event.get("ResourceStatus", ""), event.get("PhysicalResourceId") == event.get("StackId")
    if status.endswith("_FAILED"):
        reason = event.get("ResourceStatusReason") or "no reason given"
        failed.append("  {} ({}) {}: {}".format(event.get("LogicalResourceId"), event.get("ResourceType"), status, reason))
    if of_the_stack and status in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"):
        break
print("\n".join(reversed(failed)))' <<<"$answer"
}

stack_status() {
  ask cloudformation describe-stacks --stack-name "$1" --query 'Stacks[0].StackStatus' --output text || return 0
  printf '%s' "$answer"
}

stack_architecture() {
  [ -z "$dry_run" ] || return 0
  ask cloudformation describe-stacks --stack-name "$1" --output text \
    --query "Stacks[0].Parameters[?ParameterKey=='Architecture'].ParameterValue | [0]" || return 0
  printf '%s' "$answer"
}
