# Part of infra/deploy: whether the functions that were deployed start.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/deploy.

# A function that does not start leaves every stack with a resource of the task runner waiting for an hour, and deleting it, too. So each
# one is asked for its version, by an event that does nothing else (VERSION_QUESTION in src/bin/custom-resource.rs). The stack is
# deployed by then: whoever may not ask is told so, and that is no failure.
ask_functions() {
  local functions logical_id function question reply version versions=() unasked=() broken=()
  if [ -n "$dry_run" ]; then
    say "Each function of the stack is asked for its version:"
    in_region lambda invoke --function-name FUNCTION --payload fileb://QUESTION REPLY
    return
  fi
  if ! ask cloudformation describe-stack-resources --stack-name "$name" --output text \
    --query "StackResources[?ResourceType=='AWS::Lambda::Function'].[LogicalResourceId, PhysicalResourceId]"; then
    say "Warning: whether the functions start was not tried (cloudformation:DescribeStackResources). AWS said: $answer"
    return
  fi
  functions=$answer
  question=$(mktemp "${TMPDIR:-/tmp}/question.XXXXXX") reply=$(mktemp "${TMPDIR:-/tmp}/reply.XXXXXX")
  printf '"version"' >"$question"
  while read -r logical_id function; do
    # The AWS CLI prints None where the query finds nothing.
    [ -n "$function" ] || continue
    # As a file of bytes, which both major versions of the AWS CLI send as it is.
    # The AWS CLI itself tries again where Lambda has no capacity for it.
    if ! ask lambda invoke --function-name "$function" --payload "fileb://$question" --query FunctionError --output text "$reply"; then
      unasked+=("$logical_id: $answer")
    elif [ "$answer" = None ]; then
      version=$(<"$reply")
      versions+=("$logical_id: ${version//\"/}")
    else
      broken+=("$logical_id ($function): $(<"$reply")")
    fi
  done <<<"$functions"
  rm -f "$question" "$reply"
  if [ ${#unasked[@]} -gt 0 ]; then
    say "Warning: whether these functions start could not be tried. It takes lambda:InvokeFunction. AWS said:"
    printf '  %s\n' "${unasked[@]}"
  fi
  [ ${#broken[@]} -eq 0 ] || say_what_does_not_start "${broken[@]}"
  [ ${#versions[@]} -eq 0 ] || say_versions "${versions[@]}"
}

# All functions are made of one program, and so of one version.
say_versions() {
  local function version=${1#*: }
  for function in "$@"; do
    [ "${function#*: }" = "$version" ] || version=''
  done
  if [ -n "$version" ]; then
    say "$# functions start, as version $version."
    return
  fi
  say "Warning: the functions are of several versions, which the same program cannot be. Look at their code in Lambda, and deploy again:"
  printf '  %s\n' "$@"
}

say_what_does_not_start() {
  {
    printf '\ninfra/deploy: The stack %s is deployed, and functions of it do not start. Stacks that use it would wait for an hour. They said:\n' "$name"
    printf '  %s\n' "$@"
    printf "Put the release before back, with the same options of its own infra/deploy; delete the stack where there was none. What a function logs tells more: 'aws --region %s logs tail LOG-GROUP --since 10m', with the log group of its configuration in Lambda.\n" "$region"
  } >&2
  exit 1
}
