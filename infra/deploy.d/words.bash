# Part of infra/deploy and infra/verify: what they say, and the commands they run.
# shellcheck shell=bash disable=SC2154 # The variables are those of the script.

readonly program=infra/${0##*/}
# The script's own directory for files, where it has one.
work=''

# Runs the AWS CLI, or prints the command.
in_region() {
  run aws ${region:+--region "$region"} "$@"
}

# Sets `answer` to what the AWS CLI prints, or to the last line of what it complains of.
ask() {
  local complaints line
  # A signal leaves it behind.
  complaints=$(mktemp "${work:-${TMPDIR:-/tmp}}/aws.XXXXXX")
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

stop_on_missing() { stop_on_problems "$EXIT_PREREQUISITE" "$program needs what is missing here:"; }

fail() {
  printf '%s: %s\n' "$program" "$1" >&2
  exit 1
}

# did_you_mean WORD [NAME]...: which name, or else which option, an unknown word was probably meant to be, as a sentence. Calls no other
# program: options are checked before the programs are.
did_you_mean() {
  local word=$1 name distance nearest='' shortest=3 # letters
  shift
  # shellcheck disable=SC2046 # One argument for each option.
  [ $# -gt 0 ] || set -- $(all_options)
  for name in "$@"; do
    distance=$(distance "$word" "$name")
    if [ "$distance" -lt "$shortest" ]; then
      nearest=$name shortest=$distance
    fi
  done
  [ -z "$nearest" ] || printf ' Did you mean %s?' "$nearest"
}

all_options() {
  local line
  while IFS= read -r line; do
    case $line in '  --'*) ;; *) continue ;; esac
    line=${line#  }
    printf '%s\n' "${line%% *}"
  done < <(usage)
}

# How many letters must be added, left out or replaced to make the second word of the first (Levenshtein).
distance() {
  local i j change row=() above
  for ((j = 0; j <= ${#2}; j++)); do row[j]=$j; done
  for ((i = 1; i <= ${#1}; i++)); do
    above=("${row[@]}")
    row[0]=$i
    for ((j = 1; j <= ${#2}; j++)); do
      change=1
      [ "${1:i-1:1}" != "${2:j-1:1}" ] || change=0
      row[j]=$((above[j - 1] + change))
      [ "${row[j]}" -le $((above[j] + 1)) ] || row[j]=$((above[j] + 1))
      [ "${row[j]}" -le $((row[j - 1] + 1)) ] || row[j]=$((row[j - 1] + 1))
    done
  done
  printf '%s' "${row[${#2}]}"
}
