# Part of infra/deploy: stacks, and why one could not be deployed.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/deploy.

deploy_task_runner() {
  local of_package=("Architecture=$architecture" "ArtifactBucket=$bucket" "CodeKey=$code_key" "CodeObjectVersion=$code_version"
    "DefinitionKey=$definition_key" "DefinitionObjectVersion=$definition_version")
  choose_workers
  if [ -n "$activity_kept" ]; then
    # First as it is, with a fleet: what a stack deletes it treats as the template before says, and only from this one on the activity
    # is kept.
    deploy_stack "$name" infra/task-runner.yaml "${of_package[@]}" ${parameters[@]+"${parameters[@]}"}
  fi
  deploy_stack "$name" infra/task-runner.yaml "${of_package[@]}" ${workers[@]+"${workers[@]}"} ${parameters[@]+"${parameters[@]}"}
}

deploy_workers() {
  local instance_type=()
  # A type that was chosen in an earlier deployment stays, as long as it has the right processors.
  if [ -n "$dry_run" ]; then
    say "InstanceType is given only when the stack $name-workers is new or has the other architecture; else its own stays."
  fi
  answer=''
  [ -n "$dry_run" ] || find_stack_parameter "$name-workers" Architecture
  if [ "$answer" != "$architecture" ]; then
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
  find_tags "$stack"
  in_region cloudformation deploy --stack-name "$stack" --template-file "$template" --s3-bucket "$bucket" --s3-prefix "$PREFIX/templates" \
    ${role_arn:+--role-arn "$role_arn"} ${tags_of_stack[@]+"${tags_of_stack[@]}"} --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset --parameter-overrides "$@" || explain_failure "$stack"
}

# Sets `tags_of_stack` to the option with all tags: those that are given, and those that the stack has, which would be removed otherwise, as
# the AWS CLI sends the list of tags also when it is empty (create_changeset in its customizations/cloudformation/deployer.py).
find_tags() {
  local tag given kept=()
  tags_of_stack=()
  if [ -n "$dry_run" ]; then
    [ ${#tags[@]} -eq 0 ] || tags_of_stack=(--tags "${tags[@]}")
    return
  fi
  find_in_stack "$1" "Stacks[0].Tags[].join('=', [Key, Value])"
  while IFS= read -r -d $'\t' tag || [ -n "$tag" ]; do
    for given in ${tags[@]+"${tags[@]}"}; do
      [ "${given%%=*}" != "${tag%%=*}" ] || tag=''
    done
    [ -z "$tag" ] || kept+=("$tag")
  done < <(printf '%s' "$answer")
  kept+=(${tags[@]+"${tags[@]}"})
  [ ${#kept[@]} -eq 0 ] || tags_of_stack=(--tags "${kept[@]}")
}

explain_failure() {
  local status='' events
  ! ask cloudformation describe-stacks --stack-name "$1" --query 'Stacks[0].StackStatus' --output text || status=$answer
  events=$(failed_events "$1")
  {
    printf '\ninfra/deploy: The stack %s could not be deployed. It is in %s.\n' "$1" "${status:-no state that AWS tells}"
    if [ -n "$events" ]; then
      printf 'What failed, and first what led to the rest:\n%s\n' "$events"
    else
      printf 'No event of the stack says why: see what the AWS CLI says above.\n'
    fi
    explain_signals "$1" "$events"
    explain_roles "$events"
    printf '%s\n' "$(way_out "$1" "$status")"
  } >&2
  exit 1
}

# An instance that could reach CloudFormation says itself that it failed. Of the others nothing is known but that they said nothing.
explain_signals() {
  local aws="aws --region $region"
  case $2 in
    *'FAILURE signal'*)
      printf "An instance started, reached CloudFormation, and failed on the way to its first poll. Its launch tells on what: '%s logs tail /ecs-task-runner/%s --since 1h', streams INSTANCE-launch; " \
        "$aws" "$1"
      printf "or, where the log group is gone with a creation that was taken back, '%s ec2 get-console-output --latest --output text --instance-id INSTANCE', for an hour or so after the instance has ended. " \
        "$aws"
      printf 'Often the program cannot be fetched from the bucket %s: the object, its bucket policy, or its key (ArtifactKeyArn).\n' "$bucket"
      ;;
    *' signal'*)
      printf "No instance said that it had failed. Either none was launched, for want of capacity, of quota or of the right to a key that encrypts its disk: '%s autoscaling describe-scaling-activities --include-deleted-groups --auto-scaling-group-name %s-workers' says so. " \
        "$aws" "$1"
      printf "Or one was and could not reach AWS, as when its subnet has no route to a NAT gateway or to VPC endpoints: '%s ec2 get-console-output --latest --output text --instance-id INSTANCE' shows its launch, for an hour or so after the instance has ended.\n" \
        "$aws"
      ;;
  esac
}

# Roles that could not be made. Services of AWS have roles of their own in the account: a service makes its role when it is used for the
# first time, with the rights of whoever uses it.
explain_roles() {
  local service=''
  case $1 in
    *iam:CreateServiceLinkedRole*)
      case $1 in
        *autoscaling.amazonaws.com*) service=autoscaling.amazonaws.com ;;
        *spot.amazonaws.com*) service=spot.amazonaws.com ;;
        *ecs.amazonaws.com*) service=ecs.amazonaws.com ;;
      esac
      printf "The first use of a service in an account makes a role of the service's own, and whoever deploys may not make it. Deploy with the right to iam:CreateServiceLinkedRole, as in infra/policies, or have somebody make the role who may: 'aws iam create-service-linked-role --aws-service-name %s'.\n" \
        "${service:-SERVICE}"
      ;;
    *iam:CreateRole* | *iam:PutRolePermissionsBoundary*)
      printf "Where an account has roles made with a permissions boundary only, or under a path, give --parameter PermissionsBoundaryArn=ARN and --parameter RolePath=/PATH/, for a fleet both as --worker-parameter too (infra/README.md, In a company's account).\n"
      ;;
    # The first time, ECS uses the role that it has just made before all of IAM knows it
    # (https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/818, https://github.com/1Password/scim-examples/issues/356).
    *'Unable to assume the service linked role'*)
      printf "The account has used ECS for the first time. ECS makes a role of its own for that, and could not use it at once; now the role is there. The next try succeeds.\n"
      ;;
  esac
}

way_out() {
  local aws="aws --region $region cloudformation" then='Then run infra/deploy again.'
  case $2 in
    ROLLBACK_COMPLETE | ROLLBACK_FAILED | CREATE_FAILED | DELETE_FAILED)
      printf "Correct what its events name ('%s describe-stack-events --stack-name %s'), and delete it: '%s delete-stack --stack-name %s'. %s" \
        "$aws" "$1" "$aws" "$1" "$then"
      ;;
    UPDATE_ROLLBACK_FAILED)
      printf "Correct what its events name ('%s describe-stack-events --stack-name %s'), and roll it back: '%s continue-update-rollback --stack-name %s'. %s%s" \
        "$aws" "$1" "$aws" "$1" "$(resume_processes "$1")" "$then"
      ;;
    *_IN_PROGRESS) printf "It goes on by itself: '%s describe-stack-events --stack-name %s' shows how. %s" "$aws" "$1" "$then" ;;
    *) printf "Correct the cause. %s" "$then" ;;
  esac
}

# What a fleet's group does not do since its update has failed, as a sentence. The update suspends processes, and resumes them when it is
# over. Where its rollback fails, or skips the group, they stay suspended: nobody replaces an instance that is not well.
resume_processes() {
  local suspended='AlarmNotification, AZRebalance, HealthCheck, ReplaceUnhealthy and ScheduledActions may be'
  [ "$1" = "$name-workers" ] || return 0
  if ask autoscaling describe-auto-scaling-groups --auto-scaling-group-names "$1-workers" --output text \
    --query 'AutoScalingGroups[0].SuspendedProcesses[].ProcessName'; then
    case $answer in '' | None) return 0 ;; esac
    suspended="${answer//$'\t'/, } are"
  fi
  printf "When that is over, let the Auto Scaling group do all of its work: %s suspended by the update, and '%s resume-processes --auto-scaling-group-name %s-workers' resumes them, if it did not. " \
    "$suspended" "aws --region $region autoscaling" "$1"
}

# The failures of the stack's latest operation, oldest first, and the instances that said that they had failed.
failed_events() {
  local line told='' failed='' of_the_stack status id type reason
  # One event a line, and a reason of several lines goes on in the next ones.
  ask cloudformation describe-stack-events --stack-name "$1" --max-items 500 --output text \
    --query "StackEvents[].['event', PhysicalResourceId == StackId, ResourceStatus, LogicalResourceId, ResourceType, not_null(ResourceStatusReason, '')]" ||
    return 0
  while IFS= read -r line; do
    case $line in
      $'event\t'*)
        failed=$told$failed told=''
        IFS=$'\t' read -r _ of_the_stack status id type reason <<<"$line"
        if [[ $status == *_FAILED || $reason == *'Received FAILURE signal'* ]]; then
          told="  $id ($type) $status: ${reason:-no reason given}"$'\n'
        fi
        case $of_the_stack:$status in True:CREATE_IN_PROGRESS | True:UPDATE_IN_PROGRESS) break ;; esac
        ;;
      # What the AWS CLI prints of a further page, which it did not read.
      None) ;;
      *) [ -z "$told" ] || told+=$line$'\n' ;;
    esac
  done <<<"$answer"
  printf '%s' "$told$failed"
}

# Sets `answer` to what the query finds in the stack, and to nothing where the stack does not exist or has no such thing. Any other error
# ends the script: what a stack has so far decides how it is deployed. Not for a subshell, which would end in the script's place.
find_in_stack() {
  if ask cloudformation describe-stacks --stack-name "$1" --query "$2" --output text; then
    [ "$answer" != None ] || answer=''
    return 0
  fi
  case $answer in *'does not exist'*) answer=''; return 0 ;; esac
  problem "A look at the stack $1 (cloudformation:DescribeStacks). AWS said: $answer"
  stop_on_missing
}

# Sets `answer` to the value of a parameter in the stack, and to nothing where there is none.
find_stack_parameter() {
  find_in_stack "$1" "Stacks[0].Parameters[?ParameterKey=='$2'].ParameterValue | [0]"
}
