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
  "$python" - "$built/custom-resource" "$package" <<'END'
import hashlib, pathlib, sys, zipfile
program, package = map(pathlib.Path, sys.argv[1:])
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
    local hashes
    hashes=$(inspect_package hashes)
    read -r code_hash worker_hash definition_hash architecture <<<"$hashes"
  fi
  architecture=${architecture:-ARCHITECTURE}
}

# Checks a package against its sums and the architecture that was asked for, and prints the hashes when it is asked for them.
inspect_package() {
  "$python" - "$package" "$architecture" "$1" <<'END'
import hashlib, pathlib, sys
package, wanted, question = pathlib.Path(sys.argv[1]), *sys.argv[2:]

def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()

try:
    named = dict(reversed(line.split()) for line in (package / "SHA256SUMS").read_text().splitlines())
    sums = {name: sha256(package / name) for name in ("custom-resource.zip", "ecs-task-runner")}
    head = (package / "ecs-task-runner").read_bytes()[:20]
except (OSError, ValueError) as error:
    sys.exit(f"{error}. infra/deploy --package-only makes it.")
changed = [name for name in sums if sums[name] != named.get(name)]
if changed:
    sys.exit(f"{' and '.join(changed)} differ from SHA256SUMS. infra/deploy --package-only makes it anew.")
# e_machine of the ELF header
made_for = {b"\x3e\0": "x86_64", b"\xb7\0": "arm64"}.get(head[18:20]) if head[:4] == b"\x7fELF" else None
if made_for is None:
    sys.exit("ecs-task-runner is no Linux program for arm64 or x86_64. infra/deploy --package-only makes one.")
if wanted not in ("", made_for):
    sys.exit(f"it was made for {made_for}, and --architecture says {wanted}.")
if question == "hashes":
    print(*sums.values(), sha256(pathlib.Path("statemachine/ecs-task.asl.json")), made_for)
END
}
