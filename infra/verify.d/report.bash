# Part of infra/verify: the checks, side by side, and what is said of them.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/verify.

# Of the account's Lambda concurrency, what start, respond, stop and rescue need beside the function work (infra/README.md, Without a
# fleet).
readonly OTHER_FUNCTIONS=5

run_checks() {
  local check pid
  find_how_many_at_once
  checking=yes
  say "Checking, $at_once at once: ${chosen[*]}"
  for check in "${chosen[@]}"; do
    # An instance that is terminated may have the runs of other checks too.
    [ "$check" != replace-worker ] || at_once=1
    while [ "$(count_checks)" -ge "$at_once" ]; do
      sleep 1
      stop_if_interrupted
    done
    stop_if_interrupted
    make_check "$check" &
    check_pids+=($!)
  done
  for pid in "${check_pids[@]}"; do
    wait "$pid" || true
    stop_if_interrupted
  done
  check_pids=()
}

# Sets `at_once`. With a fleet all checks go side by side. Without one each run takes a slot of the account's Lambda concurrency, of which
# many new accounts have ten.
find_how_many_at_once() {
  local slots=''
  at_once=${#chosen[@]}
  [ "$workers" = Lambda ] || return 0
  find_stack_parameter "$name" WorkConcurrency
  slots=$answer
  if [ -z "$slots" ]; then
    ask lambda get-account-settings --query AccountLimit.UnreservedConcurrentExecutions --output text || answer=10
    slots=$((answer - OTHER_FUNCTIONS))
    [ "$slots" -gt 0 ] || slots=1
  fi
  [ "$slots" -ge "$at_once" ] || at_once=$slots
}

# How many of the checks go on.
count_checks() {
  local pid count=0
  for pid in ${check_pids[@]+"${check_pids[@]}"}; do
    ! kill -0 "$pid" 2>/dev/null || count=$((count + 1))
  done
  printf '%s' "$count"
}

make_check() {
  # The AWS CLI's call under way ends first, so that nothing is made after the removal has begun.
  trap 'exit 143' HUP TERM
  trap '' INT
  began=$SECONDS
  "check_${1//-/_}"
}

# pass CHECK SECONDS WORDS
pass() {
  printf 'ok\t%s\t%s\t%s\n' "$1" "$2" "$3" >"$work/results/$1"
  tell_result "$1"
}

# fails CHECK WORDS [EXECUTION_OR_STACK]: what was expected, and what was seen instead.
fails() {
  local subject=${3:-$base-$1} said
  said=$(
    likely_cause "$subject" "$2" || true
    explain "$subject" || true
  )
  printf 'FAILED\t%s\t%s\t%s\n' "$1" "$((SECONDS - began))" "${2//$'\t'/ }" >"$work/results/$1"
  [ -z "$said" ] || printf '%s\n' "$said" >>"$work/results/$1"
  tell_result "$1"
}

# In one piece, as several checks may have something to say at once.
tell_result() {
  local verdict check seconds words said
  {
    IFS=$'\t' read -r verdict check seconds words
    said=$(printf '%-6s  %-14s  %4s s  %s' "$verdict" "$check" "$seconds" "$words")
    while IFS= read -r words; do said+=$'\n'"        $words"; done
  } <"$work/results/$1"
  printf '%s\n' "$said"
}

# What ecs-task-runner explain says of an execution, or of a stack's run. Nothing where there is neither.
explain() {
  local subject=$1
  case $subject in
    arn:*) ;;
    *)
      is_run "$subject" || return 0
      look_at_stack "$subject"
      [ "$status" != GONE ] || return 0
      subject+=/Run
      ;;
  esac
  if [ -z "$explainer" ]; then
    printf "'ecs-task-runner explain %s' shows what happened; 'cargo install --path .' installs the program.\n" "$subject"
    return
  fi
  printf '%s explain %s\n' "${explainer##*/}" "$subject"
  AWS_REGION=$region "$explainer" explain "$subject" --region "$region" 2>&1
}

# fact NAME VALUE: what AWS does not document.
fact() {
  printf '%s\t%s\n' "$1" "$2" >>"$work/facts"
}

# The tables, and whether all checks hold.
conclude() {
  local check failed='' count=0
  sum_up FAILED
  for check in "${chosen[@]}"; do
    case $(<"$work/results/$check") in ok*) ;; *) failed+=", $check"; count=$((count + 1)) ;; esac
  done
  # An interruption from here on does not say all of it once more.
  checking=''
  case $count/${#chosen[@]} in
    0/1) say "The check holds." ;;
    0/*) say "All ${#chosen[@]} checks hold." ;;
    1/1) say "The check failed: ${failed#, }." ;;
    *) say "$count of ${#chosen[@]} checks failed: ${failed#, }." ;;
  esac
  [ "$count" -eq 0 ] || exit 1
}

# Tables and report. The argument is the result of a check that has left none.
sum_up() {
  local check words='ended without a result; what it met is above.'
  [ "$1" = FAILED ] || words='interrupted.'
  for check in "${chosen[@]}"; do
    [ -e "$work/results/$check" ] || printf '%s\t%s\t%s\t%s\n' "$1" "$check" "$SECONDS" "$words" >"$work/results/$check"
  done
  show_tables
  [ -z "$report" ] || tell_all | write_report
}

show_tables() {
  local check words row verdict seconds name value
  printf '\n%-15s %-9s %8s  %s\n' check result seconds 'must be seen'
  for check in "${chosen[@]}"; do
    for row in "${checks[@]}"; do
      case $row in "$check|"*) words=${row##*|} ;; esac
    done
    { IFS=$'\t' read -r verdict _ seconds _; } <"$work/results/$check"
    printf '%-15s %-9s %8s  %s\n' "$check" "$verdict" "$seconds" "$words"
  done
  printf '\n'
  [ -s "$work/facts" ] || return 0
  printf 'What AWS does not document (no check depends on it):\n'
  while IFS=$'\t' read -r name value; do printf '  %s: %s\n' "$name" "$value"; done <"$work/facts"
  printf '\n'
}

tell_all() {
  local check
  for check in "${chosen[@]}"; do tell_result "$check"; done
  show_tables
}

# The report of what is read, without what names the account and what is in it. An older one stays until this one is complete.
write_report() {
  {
    printf 'infra/verify, %s, region %s, workers %s\n' "$(program_version)" "$region" "$workers"
    printf '%s\n\n' "$(aws --version 2>&1)"
    cat
  } | conceal >"$work/report"
  cat "$work/report" >"$report" || fail "The report could not be written to $report."
  say "The report is in $report. Read it before you publish it."
}

# Of the program that is deployed: the beginning of its hash, which is in its key in the bucket.
program_version() {
  local hash
  find_stack_parameter "$name" CodeKey
  hash=${answer%/*}
  hash=${hash##*/}
  case $hash in *[!0-9a-f]* | '') hash=unknown ;; esac
  printf 'functions %s' "${hash:0:12}"
  [ -z "$explainer" ] || printf ', here %s' "$("$explainer" --version)"
}

# Replaces account ids, names, ARNs, addresses and ids by what they are.
conceal() {
  "$python" -c '
import re, sys
names = dict(zip(sys.argv[1::2], sys.argv[2::2]))
# The default is no secret, and also the name of the program.
names.pop("ecs-task-runner", None)
text = sys.stdin.read()
text = re.sub(r"https?://[^\s\"\x27]+", "URL", text)
for value in sorted(filter(None, names), key=len, reverse=True):
    text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])", names[value], text)
text = re.sub(r"arn:[a-z-]+:[^\s\"\x27,;)]*[^\s\"\x27,;).:]", "ARN", text)
# With it whoever may decode it reads who was refused what.
text = re.sub(r"(?i)(encoded authorization failure message: *)[\w-]+", r"\1MESSAGE", text)
# Of access keys, roles and users, with the name of a session.
text = re.sub(r"\bA[A-Z]{3}[A-Z0-9]{12,}(?::[\w+=,.@-]+)?", "ID", text)
text = re.sub(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", "ID", text)
text = re.sub(r"\b([a-z]+)-(?:[0-9a-f]{17}|[0-9a-f]{8})\b", r"\1-ID", text)
text = re.sub(r"\b[0-9a-f]{32}\b", "TASK", text)
text = re.sub(r"(?<![0-9])[0-9]{12}(?![0-9])", "ACCOUNT", text)
text = re.sub(r"(?<![\w:.])(?=[0-9A-Fa-f:]*::|(?:[0-9A-Fa-f]{1,4}:){7})[0-9A-Fa-f:]{3,}(?![\w:])", "ADDRESS", text)
text = re.sub(r"\b(?:ip-)?[0-9]{1,3}([.-])[0-9]{1,3}\1[0-9]{1,3}\1[0-9]{1,3}\b(?:\.[a-z0-9.-]*(?:internal|amazonaws\.com))?", "ADDRESS", text)
sys.stdout.write(text)' "$name" NAME "${cluster##*/}" CLUSTER "$role_arn" ROLE "$image" IMAGE "$vpc" VPC \
    "$base" VERIFY
}
