# Part of infra/deploy: what it says, and the commands it runs.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/deploy.

# Runs the AWS CLI, or prints the command.
in_region() {
  run aws ${region:+--region "$region"} "$@"
}

# Sets `answer` to what the AWS CLI prints, or to the last line of what it complains of.
ask() {
  local complaints line
  complaints=$(mktemp)
  if answer=$(aws --region "$region" "$@" 2>"$complaints"); then
    rm -f "$complaints"
    return 0
  fi
  answer=''
  while IFS= read -r line; do answer=${line:-$answer}; done <"$complaints"
  rm -f "$complaints"
  return 1
}

run() {
  if [ -z "$dry_run" ]; then
    "$@"
    return
  fi
  local word line=''
  for word in "$@"; do
    line+=" $(printf '%q' "$word")"
  done
  printf '%s\n' "${line# }"
}

have() { command -v "$1" >/dev/null 2>&1; }

say() {
  if [ -n "$dry_run" ]; then printf '# %s\n' "$1"; else printf '%s\n' "$1"; fi
}

problem() { problems+=("$1"); }

stop_on_problems() {
  [ ${#problems[@]} -gt 0 ] || return 0
  {
    printf '%s\n' "$2"
    printf '  - %s\n' "${problems[@]}"
    [ $# -lt 3 ] || printf '%s\n' "$3"
  } >&2
  exit "$1"
}

stop_on_missing() { stop_on_problems "$EXIT_PREREQUISITE" "infra/deploy needs what is missing here:"; }

fail() {
  printf 'infra/deploy: %s\n' "$1" >&2
  exit 1
}
