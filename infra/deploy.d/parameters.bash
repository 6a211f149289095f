# Part of infra/deploy: parameters of the templates, as they are given.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/deploy.

# The AWS CLI ignores parameters that a template does not have, so that a slip of the finger would go unnoticed.
check_parameters() {
  local option=$1 template=$2 parameter key known
  shift 2
  known=$(parameters_of "$template")
  for parameter in "$@"; do
    key=${parameter%%=*}
    case "$key" in
      Architecture | ArtifactBucket | CodeKey | CodeObjectVersion | DefinitionKey | DefinitionObjectVersion | SubnetIds | TaskRunnerStack | VpcId | WorkerKey | WorkerSha256)
        problem "$option $key cannot be given: infra/deploy sets it itself."
        continue
        ;;
    esac
    case "$parameter" in
      *=*) ;;
      *) problem "$option must be Name=Value, and is '$parameter'."; continue ;;
    esac
    case " $known " in
      *" $key "*) check_value "$option" "$key" "${parameter#*=}" ;;
      *) problem "$option $key: $template has no such parameter. It has: $known." ;;
    esac
  done
}

# CloudFormation would refuse these only after the build, and IAM a list only when the roles are made.
check_value() {
  local option=$1 key=$2 value=$3 arn arns
  case $key in
    *Arns)
      IFS=, read -r -a arns <<<"$value"
      for arn in ${arns[@]+"${arns[@]}"}; do
        case $arn in
          '*' | arn:*) ;;
          *) problem "$option $key must be ARNs, separated by commas, or *, and has '$arn'." ;;
        esac
      done
      ;;
    *Arn)
      case $value in
        '' | arn:*) ;;
        *) problem "$option $key must be an ARN, or empty, and is '$value'." ;;
      esac
      ;;
    RolePath)
      # As the templates allow it.
      [[ $value =~ ^(/([A-Za-z0-9+=,.@_-]+/)+)?$ ]] || problem "$option $key must begin and end with a slash, as in /teams/data/, or be empty, and is '$value'."
      ;;
  esac
}

parameters_of() {
  local line inside='' names=''
  while IFS= read -r line; do
    case $line in
      Parameters:) inside=yes ;;
      [A-Za-z]*) inside='' ;;
      '  '[A-Z]*:) [ -z "$inside" ] || names+=" ${line//[ :]/}" ;;
    esac
  done <"$1"
  printf '%s' "${names# }"
}
