# Part of infra/deploy, and of infra/verify: what it needs on this machine and in the account, all of it told at once.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/deploy.

check_prerequisites() {
  if [ -n "$dry_run" ]; then
    bucket_owner=${bucket_owner:-ACCOUNT}
    [ -n "$release" ] || return 0
    # A download that is broken is found before anything is deployed.
    ! check_tools || check_release
    stop_on_missing
    choose_architecture
    return
  fi
  if [ -z "$given_package$release" ]; then
    check_python
    check_rust
  fi
  [ -n "$package_only" ] || check_account
  if check_tools; then
    [ -z "$release" ] || check_release
    [ -z "$given_package" ] || check_package
  fi
  stop_on_missing
  [ -z "$release" ] || choose_architecture
}

# Every Linux and macOS has them. The image of a container may not.
check_tools() {
  if { have sha256sum || have shasum; } && have od && have base64; then return 0; fi
  problem "sha256sum (or shasum), od and base64: one of them is not there. On Linux they are in the package coreutils."
  return 1
}

check_python() {
  if ! have "$python"; then
    problem "Python 3.10 or later: install it, or name it in PYTHON ('$python' is not there)."
  elif ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    problem "Python 3.10 or later: '$python' is older. Install it, or name it in PYTHON."
  elif [ -z "${given_package-no build}" ] && ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    problem "Python's module venv: '$python' lacks it. On Debian and Ubuntu install python3-venv."
  fi
}

check_rust() {
  if ! have cargo || ! have rustc; then
    problem "Rust (cargo and rustc): install it from https://rustup.rs. Or deploy a release, which is built already: --release DIRECTORY."
  elif [ ! -d "$(rustc --print sysroot)/lib/rustlib/$(rust_target)/lib" ]; then
    problem "Rust's standard library for $architecture: 'rustup target add $(rust_target)' installs it. Or choose the other --architecture."
  fi
}

# Sets `region`. Succeeds when the account can be asked for more.
check_credentials() {
  if ! have aws; then
    problem "The AWS CLI (aws): https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
    return 1
  fi
  region=${region:-${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}}
  if [ -z "$region" ]; then
    problem "A region: give --region, or configure one with 'aws configure'."
    return 1
  fi
  if ! ask sts get-caller-identity --query Account --output text; then
    problem "Credentials of the AWS account: configure them with 'aws configure' or 'aws sso login', or choose AWS_PROFILE. AWS said: $answer"
    return 1
  fi
  account=$answer
}

check_account() {
  check_credentials || return 0
  bucket_owner=${bucket_owner:-$account}
  check_bucket
  check_stack "$name"
  check_workers
  check_scope
  [ -z "$no_workers$no_fleet" ] || return 0
  check_bucket_key
  check_subnets
  check_stack "$name-workers"
}

check_bucket() {
  if ! ask s3api head-bucket --bucket "$bucket" --expected-bucket-owner "$bucket_owner" --query BucketRegion --output text; then
    problem "The bucket $bucket: it is not there, in another region than $region, not yours to use, or not of the account $bucket_owner (--bucket-owner). Make one with 'aws s3 mb s3://NAME --region $region'. AWS said: $answer"
  elif [ -n "$answer" ] && [ "$answer" != None ] && [ "$answer" != "$region" ]; then
    problem "A bucket in $region: $bucket is in $answer, and Lambda takes programs from its own region only."
  fi
}

# Instances may not decrypt with a key of the account's own unless they are allowed to. Whoever may not ask how the bucket encrypts
# deploys all the same.
check_bucket_key() {
  local key parameter
  ask s3api get-bucket-encryption --bucket "$bucket" --expected-bucket-owner "$bucket_owner" --output text \
    --query 'ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.KMSMasterKeyID' || return 0
  key=$answer
  case $key in '' | None | *alias/aws/s3) return 0 ;; esac
  for parameter in ${worker_parameters[@]+"${worker_parameters[@]}"}; do
    case $parameter in ArtifactKeyArn=*) return 0 ;; esac
  done
  find_stack_parameter "$name-workers" ArtifactKeyArn
  [ -z "$answer" ] || return 0
  problem "--worker-parameter ArtifactKeyArn=ARN: the bucket $bucket encrypts with the KMS key $key, and instances may decrypt with it only if its ARN is given."
}

check_subnets() {
  # shellcheck disable=SC2086 # One argument for each subnet.
  if ! ask ec2 describe-subnets --subnet-ids ${subnets//,/ } --query "Subnets[?VpcId!='$vpc'].SubnetId" --output text; then
    case $answer in
      *UnauthorizedOperation*) problem "The right to look at the subnets (ec2:DescribeSubnets). AWS said: $answer" ;;
      *) problem "The subnets $subnets in $region. AWS said: $answer" ;;
    esac
  elif [ -n "$answer" ] && [ "$answer" != None ]; then
    problem "Subnets of $vpc: ${answer//$'\t'/, } belong to another VPC."
  fi
}

# A stack in the middle of something, or stuck, refuses a deployment with less to go by.
check_stack() {
  local status
  find_in_stack "$1" 'Stacks[0].StackStatus'
  status=$answer
  case $status in
    ROLLBACK_COMPLETE | ROLLBACK_FAILED | CREATE_FAILED | DELETE_FAILED)
      problem "The stack $1 out of the way: it is in $status and can only be deleted. $(way_out "$1" "$status")"
      ;;
    UPDATE_ROLLBACK_FAILED) problem "The stack $1 in a state to update: it is in $status. $(way_out "$1" "$status")" ;;
    REVIEW_IN_PROGRESS) ;;
    *_IN_PROGRESS) problem "The stack $1 at rest: it is in $status. Wait until that has ended, and try again." ;;
  esac
}

check_package() { inspect_package || problem "The package in $package: $answer"; }
