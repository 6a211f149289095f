# Part of infra/deploy: uploads, and what S3 says of them.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/deploy.

upload() {
  code_key=$PREFIX/$code_hash/custom-resource.zip
  worker_key=$PREFIX/$worker_hash/ecs-task-runner
  definition_key=$PREFIX/$definition_hash/ecs-task.asl.json
  upload_file "$package/custom-resource.zip" "$code_key" "$code_hash"
  code_version=$object_version
  # An instance compares what it fetched with WorkerSha256, so that no version is needed.
  [ -n "$no_workers$no_fleet" ] || upload_file "$package/ecs-task-runner" "$worker_key" "$worker_hash"
  upload_file statemachine/ecs-task.asl.json "$definition_key" "$definition_hash"
  definition_version=$object_version
}

# Uploads a file of this SHA-256, unless S3 says that the object of this key has the same one: that a key is there says nothing of
# what somebody else may have put under it. Sets `object_version` to the object's version, or to nothing where the bucket keeps none.
upload_file() {
  local file=$1 key=$2 sum='' found object_version_found
  object_version=''
  if [ -n "$dry_run" ]; then
    say "Unless s3://$bucket/$key is there with the same SHA-256:"
    in_region s3api put-object --bucket "$bucket" --key "$key" --body "$file" --expected-bucket-owner "$bucket_owner" \
      --checksum-algorithm SHA256 --checksum-sha256 "$3"
    return
  fi
  sum=$(in_base64 "$3")
  if ask s3api head-object --bucket "$bucket" --key "$key" --expected-bucket-owner "$bucket_owner" --checksum-mode ENABLED \
    --query '[ChecksumSHA256, VersionId]' --output text; then
    read -r found object_version_found <<<"$answer"
    if [ "$found" = "$sum" ]; then
      keep_version "$object_version_found"
      say "s3://$bucket/$key is there already."
      return
    fi
    case $found in
      '' | None) say "s3://$bucket/$key is there, without a SHA-256 to compare." ;;
      *) say "Warning: s3://$bucket/$key is there with another content. Find out who put it there: whoever deploys from this bucket runs it." ;;
    esac
  else
    case $answer in
      *'(404)'*) ;;
      *) say "Warning: AWS does not say whether s3://$bucket/$key is there, so that it is uploaded again. That takes s3:GetObject on it, s3:ListBucket on the bucket, and kms:Decrypt where the bucket encrypts with a key of your own. AWS said: $answer" ;;
    esac
  fi
  say "Uploading s3://$bucket/$key"
  # S3 refuses what has another sum.
  ask s3api put-object --bucket "$bucket" --key "$key" --body "$file" --expected-bucket-owner "$bucket_owner" \
    --checksum-algorithm SHA256 --checksum-sha256 "$sum" --query VersionId --output text ||
    fail "$file could not be uploaded to the bucket $bucket. Make sure that you may put objects there, and try again. AWS said: $answer"
  keep_version "$answer"
}

# S3 calls `null` what was put while the bucket kept no versions.
keep_version() {
  case $1 in None | null) object_version='' ;; *) object_version=$1 ;; esac
}

# Bytes that are given in hexadecimal digits, in base64: as S3 writes a sum.
in_base64() {
  local digits=$1 bytes=''
  while [ -n "$digits" ]; do
    bytes+="\\x${digits:0:2}"
    digits=${digits:2}
  done
  printf '%b' "$bytes" | base64
}
