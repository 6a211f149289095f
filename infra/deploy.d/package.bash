# Part of infra/deploy: programs built for Amazon Linux 2023, and packaged.
# shellcheck shell=bash disable=SC2154 # The variables are those of infra/deploy.

install_build_tools() {
  local line pins=()
  while IFS= read -r line; do
    case $line in cargo-zigbuild==* | ziglang==*) pins+=("${line%% *}") ;; esac
  done <tests/requirements.txt
  tools=$target/package/tools
  if [ -f "$tools/pins" ] && [ "$(<"$tools/pins")" = "${pins[*]}" ]; then return; fi
  say "Installing ${pins[*]} in $tools"
  run rm -rf "$tools"
  run "$python" -m venv "$tools"
  run "$tools/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "${pins[@]}"
  [ -n "$dry_run" ] || printf '%s\n' "${pins[*]}" >"$tools/pins"
}

rust_target() {
  case $architecture in
    arm64) printf aarch64-unknown-linux-gnu ;;
    x86_64) printf x86_64-unknown-linux-gnu ;;
  esac
}

# cargo-zigbuild compiles and links against the glibc that is named, whatever this machine has. Zig comes from PyPI.
build() {
  say "Building for Amazon Linux 2023 on $architecture"
  local absolute
  case $target in /*) absolute=$target ;; *) absolute=$PWD/$target ;; esac
  # Build scripts run in directories of their own.
  run env CARGO_ZIGBUILD_PYTHON_PATH="$absolute/package/tools/bin/python" CARGO_ZIGBUILD_CACHE_DIR="$absolute/package/zig" \
    ZIG_GLOBAL_CACHE_DIR="$absolute/package/zig" ECS_TASK_RUNNER_COMMIT="$(commit)" \
    "$tools/bin/cargo-zigbuild" zigbuild --locked --release --package ecs-task-runner --bins --target-dir "$target" --target "$(rust_target).$GLIBC"
}

# The last one that changed what the programs are made of, as --version shows it. A commit of something else makes the same programs,
# and replaces no fleet.
commit() {
  [ -z "$dry_run" ] || { printf 'COMMIT, DATE'; return; }
  local sources=(Cargo.toml Cargo.lock src) hash day changed
  { hash=$(git log -1 --format=%h -- "${sources[@]}") && day=$(git log -1 --format=%cs -- "${sources[@]}") &&
    changed=$(git status --porcelain -- "${sources[@]}"); } 2>/dev/null || return 0
  printf '%s, %s' "$hash${changed:+-dirty}" "$day"
}

# The zip has a fixed time in it, so that the same program has the same hash, and the name and the mode that Lambda starts.
pack() {
  local built
  built=$target/$(rust_target)/release
  say "Packaging in $package"
  run mkdir -p "$package"
  run cp "$built/ecs-task-runner" "$package/ecs-task-runner"
  if [ -n "$dry_run" ]; then
    printf '# %s/custom-resource.zip: %s/custom-resource, as bootstrap; %s/SHA256SUMS\n' "$package" "$built" "$package"
    return
  fi
  "$python" - "$built/custom-resource" "$package" "$GLIBC" <<'END'
import hashlib, pathlib, re, sys, zipfile
program, package = map(pathlib.Path, sys.argv[1:3])

def version(text):
    return tuple(map(int, text.split(".")))

# A program needs the newest glibc whose symbols it names, and does not start where that one is missing.
for built in (program, package / "ecs-task-runner"):
    named = re.findall(rb"\0GLIBC_([0-9]+(?:\.[0-9]+)+)(?=\0)", built.read_bytes())
    newest = max((name.decode() for name in named), key=version, default="0")
    if version(newest) > version(sys.argv[3]):
        sys.exit(f"infra/deploy: {built.name} needs glibc {newest}, and Amazon Linux 2023 has {sys.argv[3]}: neither Lambda nor a worker "
                 f"could start it. See which dependency brings the symbol: 'objdump -T {built} | grep GLIBC_{newest}'.")

entry = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
entry.create_system = 3  # Unix, which the mode belongs to
entry.external_attr = 0o100755 << 16
with zipfile.ZipFile(package / "custom-resource.zip", "w") as file:
    file.writestr(entry, program.read_bytes(), zipfile.ZIP_DEFLATED, 9)
with open(package / "SHA256SUMS", "w") as sums:
    for name in ("custom-resource.zip", "ecs-task-runner"):
        sums.write(f"{hashlib.sha256((package / name).read_bytes()).hexdigest()}  {name}\n")
END
}

# Sets the hashes and the architecture of what is deployed.
read_package() {
  code_hash=HASH worker_hash=HASH definition_hash=HASH
  if [ -z "$dry_run" ]; then
    inspect_package || fail "The package in $package: $answer"
    definition_hash=$(sha256 statemachine/ecs-task.asl.json)
  fi
  architecture=${architecture:-ARCHITECTURE}
}

# Checks a package against its sums and the architecture that was asked for. Sets its hashes and the architecture that it was made for, or
# `answer` to what is wrong with it.
inspect_package() {
  local file sum head made_for named_code='' named_worker='' changed=''
  for file in SHA256SUMS custom-resource.zip ecs-task-runner; do
    if [ ! -f "$package/$file" ] || [ ! -r "$package/$file" ]; then
      answer="$file is not there, or cannot be read. infra/deploy --package-only makes it."
      return 1
    fi
  done
  while read -r sum file; do
    case $file in
      custom-resource.zip) named_code=$sum ;;
      ecs-task-runner) named_worker=$sum ;;
    esac
  done <"$package/SHA256SUMS"
  code_hash=$(sha256 "$package/custom-resource.zip")
  worker_hash=$(sha256 "$package/ecs-task-runner")
  [ "$code_hash" = "$named_code" ] || changed=custom-resource.zip
  [ "$worker_hash" = "$named_worker" ] || changed+="${changed:+ and }ecs-task-runner"
  if [ -n "$changed" ]; then
    answer="$changed differ from SHA256SUMS. infra/deploy --package-only makes it anew."
    return 1
  fi
  # The first four bytes of the ELF header, and e_machine at 18.
  head=$(od -A n -t x1 -N 20 "$package/ecs-task-runner")
  head=${head//[[:space:]]/}
  case $head in
    7f454c46????????????????????????????3e00) made_for=x86_64 ;;
    7f454c46????????????????????????????b700) made_for=arm64 ;;
    *)
      answer="ecs-task-runner is no Linux program for arm64 or x86_64. infra/deploy --package-only makes one."
      return 1
      ;;
  esac
  if [ -n "$architecture" ] && [ "$architecture" != "$made_for" ]; then
    answer="it was made for $made_for, and --architecture says $architecture."
    return 1
  fi
  architecture=$made_for
}

# The SHA-256 of a file, in hexadecimal digits. Linux has sha256sum, macOS has shasum.
sha256() {
  local sum
  if have sha256sum; then sum=$(sha256sum <"$1"); else sum=$(shasum -a 256 <"$1"); fi
  printf '%s' "${sum%% *}"
}
