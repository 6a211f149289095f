# Part of infra/deploy: vCPUs that the account may use at once, against what the workers take. Nothing of it stops a deployment.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/deploy.

# Service Quotas' codes of: Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances (AWS CLI reference, service-quotas
# get-service-quota); All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests (https://github.com/cortexlabs/cortex/issues/1878);
# Fargate On-Demand vCPU resource count (https://github.com/brennerm/aws-quota-checker/issues/58).
readonly ON_DEMAND_QUOTA=L-1216C47A SPOT_QUOTA=L-34B43A08 FARGATE_QUOTA=L-3032A538

# New accounts have few vCPUs. What is too little shows only after minutes, as a stack that waits for instances.
warn_of_quotas() {
  [ -z "$dry_run$package_only$no_fleet" ] || return 0
  if [ -n "$no_workers" ]; then
    # Two tasks of 0.25 vCPU (infra/worker-service.yaml), and as many again while they are replaced.
    warn_of_quota fargate "$FARGATE_QUOTA" 'Fargate' 1 1 "The two workers of infra/worker-service.yaml take 0.5, and 1 while they are replaced. The tasks that they run take the rest."
    return
  fi
  local instances spot
  find_worker_parameter MinInstances
  instances=${answer:-2}
  find_worker_parameter SpotInstanceTypes
  spot=$answer
  case $instances in *[!0-9]*) return 0 ;; esac
  if [ -n "$spot" ]; then
    local each="Instances of these types have one vCPU or more each"
    warn_of_quota ec2 "$ON_DEMAND_QUOTA" 'On-Demand Instances' 1 2 "One instance stays On-Demand, and there are two while it is replaced. $each."
    warn_of_quota ec2 "$SPOT_QUOTA" 'Spot Instances' "$((instances - 1))" "$instances" "The others of $instances are Spot, with one more while one is replaced. $each."
    return
  fi
  find_vcpus
  [ -z "$vcpus" ] || warn_of_quota ec2 "$ON_DEMAND_QUOTA" 'On-Demand Instances' "$((instances * vcpus))" "$(((instances + 1) * vcpus))" \
    "That is $instances instances of $vcpus vCPUs each, and one more while one of them is replaced."
}

# Sets `answer` to the value that a parameter of infra/worker.yaml will have, or to nothing where that is the default.
find_worker_parameter() {
  local parameter given='' value=''
  for parameter in ${worker_parameters[@]+"${worker_parameters[@]}"}; do
    case $parameter in "$1="*) given=yes value=${parameter#*=} ;; esac
  done
  if [ -n "$given" ]; then answer=$value; else find_stack_parameter "$name-workers" "$1"; fi
}

# Sets `vcpus` to those of one instance, or to nothing where they cannot be known or are of another quota.
find_vcpus() {
  local type
  # Of t4g.small and t3.small.
  vcpus=2
  find_worker_parameter InstanceType
  type=$answer
  case $type in
    '' | t4g.small | t3.small) return 0 ;;
    # Families with quotas of their own, and those of the quota's letters.
    dl* | hpc* | inf* | mac* | trn*) vcpus=''; return 0 ;;
    [acdhimrtz]*) ;;
    *) vcpus=''; return 0 ;;
  esac
  ask ec2 describe-instance-types --instance-types "$type" --query 'InstanceTypes[0].VCpuInfo.DefaultVCpus' --output text || answer=''
  case $answer in '' | *[!0-9]*) vcpus='' ;; *) vcpus=$answer ;; esac
}

# Warns of a quota below what is needed: to run, and while an update replaces what runs.
warn_of_quota() {
  local service=$1 code=$2 what=$3 to_run=$4 to_update=$5 why=$6 quota
  if ! ask service-quotas get-service-quota --service-code "$service" --quota-code "$code" --query Quota.Value --output text; then
    say "How many vCPUs of $what the account may use at once is not known. Service Quotas said: $answer"
    return
  fi
  # A number with a fraction, such as 5.0.
  quota=${answer%%.*}
  case $quota in '' | *[!0-9]*) return 0 ;; esac
  [ "$quota" -lt "$to_update" ] || return 0
  if [ "$quota" -lt "$to_run" ]; then
    say "Warning: The workers need $to_run vCPUs of $what to run, and $to_update to be updated. The account may use $quota at once in $region, those of all others included ($code)."
  else
    say "Warning: The workers need $to_update vCPUs of $what to be updated, and $to_run to run. The account may use $quota at once in $region, those of all others included ($code)."
  fi
  say "  $why Have the quota raised: 'aws --region $region service-quotas request-service-quota-increase --service-code $service --quota-code $code --desired-value DESIRED'."
}
