# Part of infra/deploy: what an unpacked release holds (.ci/release makes it).
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/deploy.

# Goes on in the release's own script, with the release's own templates: those of another commit may want other parameters.
go_to_release() {
  case $release in /*) ;; *) release=$called_from/$release ;; esac
  release=${release%/.}
  if [ ! -f "$release/infra/deploy" ]; then
    problem "--release must be the directory of an unpacked release, which has infra/deploy in it, and is '$release'."
    return 0
  fi
  [ "$release" -ef . ] && return
  cd "$called_from" && exec "$BASH" "$release/infra/deploy" "$@"
}

# Whether everything that the release's sums name is as it was made. That finds what was damaged or left out; who made it, an attestation
# says (gh attestation verify).
check_release() {
  local file sum changed='' named=' '
  if [ ! -f SHA256SUMS ]; then
    problem "The sums of the release in $release: it has no SHA256SUMS. Unpack it anew. In a clone leave out --release, to build."
    return 0
  fi
  while read -r sum file || [ -n "$sum" ]; do
    named+="$file "
    [ -f "$file" ] && [ "$(sha256 "$file")" = "$sum" ] || changed+=", $file"
  done <SHA256SUMS
  # A list that was cut off would say nothing of what it no longer names.
  for file in infra/deploy infra/task-runner.yaml infra/worker.yaml statemachine/ecs-task.asl.json \
    programs/{arm64,x86_64}/{SHA256SUMS,custom-resource.zip,ecs-task-runner}; do
    case $named in *" $file "*) ;; *) changed+=", $file (not in SHA256SUMS)" ;; esac
  done
  [ -z "$changed" ] ||
    problem "The release in $release as it was made: these of its files are missing, or differ from SHA256SUMS: ${changed#, }. Unpack it anew."
}

# The stack's processors stay, unless others are asked for: an instance's type belongs to them.
choose_architecture() {
  if [ -z "$architecture" ]; then
    answer=''
    if [ -n "$dry_run" ]; then
      say "The programs are those of the stack's own architecture where the stack $name is there, unless --architecture is given."
    else
      find_stack_parameter "$name" Architecture
    fi
    architecture=${answer:-arm64}
  fi
  package=programs/$architecture
}
