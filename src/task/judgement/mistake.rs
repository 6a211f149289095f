//! What to correct when a container was not started because of a mistake that does not pass: a
//! command that the image does not have, an image that does not exist, a secret that the role may not
//! read.
//!
//! ECS gives its reasons as prose (`stopped-task-error-codes`, `resource-initialization-error`), and so
//! do the container runtime and the registry, which ECS quotes.

/// A kind of mistake.
struct Mistake {
    /// A reason has one of these phrases, in lower case,
    says: &'static [&'static str],
    /// and one of these, where there are any.
    and: &'static [&'static str],
    /// What to correct, in words that follow a semicolon or "so".
    check: &'static str,
}

/// The step that starts a container.
const START: &[&str] = &[
    "cannotstartcontainererror",
    "containerruntimeerror",
    "oci runtime",
];
const PULL: &[&str] = &["cannotpull"];
const ALWAYS: &[&str] = &[];
/// Of a reason with one of these, nothing is said: it reads like a mistake in the command, and is one of the
/// instance's set-up or of a device.
const OF_INSTANCE: &[&str] = &["runtime-hook", "device information"];

const PROGRAM: &str = "check the command, the entry point and the working directory: the program must be in the image, each word of a command is an item of its own, as in [python3, manage.py, migrate], and a line for a shell is written [sh, -c, LINE]";

const VOLUMES: &str = "check the volumes in the task definition: whether what they name exists (file system, access point, path on the instance), and whether the task role may mount it (of EFS elasticfilesystem:ClientMount)";

/// The first one that a reason matches counts. So what a reason cannot say by chance comes first, and single
/// words come last: the name of an image or of a program may be any word.
const MISTAKES: &[Mistake] = &[
    Mistake {
        says: &["executable file not found"],
        and: ALWAYS,
        check: PROGRAM,
    },
    Mistake {
        says: &["exec format error"],
        and: ALWAYS,
        check: "check that the image is built for the task's processor architecture, which is X86_64 unless runtimePlatform in the task definition says ARM64, and that a script has a first line such as #!/bin/sh",
    },
    Mistake {
        says: &["no matching manifest", "descriptor matching platform"],
        and: ALWAYS,
        check: "check that the image is built for the task's processor architecture, which is X86_64 unless runtimePlatform in the task definition says ARM64",
    },
    Mistake {
        says: &["no command specified"],
        and: ALWAYS,
        check: "give the container a command: the image has none, nor has the task definition",
    },
    Mistake {
        says: &["unable to find user", "unable to find group"],
        and: ALWAYS,
        check: "check user in the task definition: the image has no user or group of this name",
    },
    Mistake {
        says: &["oom-killed", "minimum memory limit"],
        and: ALWAYS,
        check: "give the container more memory, in Overrides or in the task definition: it has too little even to be started",
    },
    Mistake {
        says: &["no such host"],
        and: ALWAYS,
        check: "check the name of the host that ECS cannot find, the VPC's DNS (enableDnsSupport, enableDnsHostnames), and that its VPC endpoints have private DNS names",
    },
    Mistake {
        says: PULL,
        and: &[
            "denied",
            "not authorized",
            "unauthorized",
            "no basic auth",
            "forbidden",
        ],
        check: "check the image's name in the task definition, and who may pull it: of an image in ECR the task's execution role (ecr:GetAuthorizationToken, ecr:BatchGetImage, ecr:GetDownloadUrlForLayer), and the repository's policy where it is another account's; of any other private image the secret in repositoryCredentials",
    },
    Mistake {
        says: PULL,
        and: &[
            "not found",
            "notfound",
            "does not exist",
            "manifest unknown",
            "invalid reference",
        ],
        check: "check the image in the task definition: whether its registry, repository and tag or digest exist, and whether it has been pushed",
    },
    Mistake {
        says: &[
            "error mounting",
            "failed to mount",
            "mount.nfs",
            "efs utils",
            "volume driver",
        ],
        and: ALWAYS,
        check: VOLUMES,
    },
    Mistake {
        says: START,
        and: &["permission denied"],
        check: "check that the container's user may execute the program: in the image its file needs the right to be executed (chmod +x)",
    },
    Mistake {
        says: START,
        and: &[
            "no such file or directory",
            "not a directory",
            "is a directory",
        ],
        check: PROGRAM,
    },
    Mistake {
        says: &["env file", "environment file"],
        and: ALWAYS,
        check: "check the environment files: whether the objects exist in S3, and whether the task's execution role may read them (s3:GetObject, s3:GetBucketLocation)",
    },
    Mistake {
        says: &[
            "pull secrets",
            "retrieve secret",
            "secret data",
            "secrets manager",
            "ssm parameter",
            "from ssm",
            "registry auth",
        ],
        and: ALWAYS,
        check: "check the secrets in the task definition (ARN, region, key of the JSON), and whether the task's execution role may read them: secretsmanager:GetSecretValue or ssm:GetParameters, kms:Decrypt for a KMS key of your own, and ecr:GetAuthorizationToken for an image in ECR",
    },
    Mistake {
        says: &["logging driver", "logger args", "log group"],
        and: ALWAYS,
        check: "check logConfiguration in the task definition: whether its log group exists in the region that it names, and whether the task's execution role (on an instance, the instance's) may write to it (logs:CreateLogStream, logs:PutLogEvents)",
    },
    Mistake {
        says: &[
            "unable to assume",
            "cannot assume",
            "not authorized to assume",
        ],
        and: &["role"],
        check: "check the task role and the execution role: their trust policies must let ecs-tasks.amazonaws.com assume them",
    },
    Mistake {
        says: &["network interface", "subnet", "security group"],
        and: ALWAYS,
        check: "check the task's subnets and security groups: whether they exist, and are of one VPC",
    },
];

/// What a person should correct, by the reasons that ECS gives of a container that was not started;
/// `None` when they match no mistake that is known.
pub(super) fn what_to_correct<'r>(
    reasons: impl IntoIterator<Item = &'r str>,
) -> Option<&'static str> {
    let reasons: Vec<_> = reasons.into_iter().map(str::to_ascii_lowercase).collect();
    let has = |reason: &str, phrases: &[&str]| phrases.iter().any(|phrase| reason.contains(phrase));
    let matches = |mistake: &&Mistake| {
        let fits = |reason: &String| {
            has(reason, mistake.says) && (mistake.and.is_empty() || has(reason, mistake.and))
        };
        reasons.iter().any(fits)
    };
    if reasons.iter().any(|reason| has(reason, OF_INSTANCE)) {
        return None;
    }
    Some(MISTAKES.iter().find(matches)?.check)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sentences are those of ECS's documentation, of the runtimes and of registries.
    const REASONS: &[(&str, Option<&str>)] = &[
        (
            "CannotStartContainerError: Error response from daemon: failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"python manage.py migrate\": executable file not found in $PATH: unknown",
            Some("each word of a command is an item"),
        ),
        (
            "CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: OCI runtime create failed: exec: \"/app/secret-mount\": executable file not found in $PATH",
            Some("each word of a command is an item"),
        ),
        (
            "CannotStartContainerError: OCI runtime create failed: exec: \"/app/run\": stat /app/run: no such file or directory: unknown",
            Some("the program must be in the image"),
        ),
        (
            "CannotStartContainerError: OCI runtime create failed: exec: \"/app/run.sh\": permission denied: unknown",
            Some("chmod +x"),
        ),
        (
            "CannotStartContainerError: OCI runtime create failed: error mounting \"/var/lib/data\" to rootfs at \"/etc/app.conf\": not a directory",
            Some("check the volumes"),
        ),
        (
            "CannotStartContainerError: exec /usr/bin/python3: exec format error",
            Some("runtimePlatform"),
        ),
        (
            "CannotPullContainerError: pull image manifest has been retried 5 time(s): image Manifest does not contain descriptor matching platform 'linux/amd64'",
            Some("processor architecture"),
        ),
        (
            "CannotPullContainerError: no matching manifest for linux/arm64/v8 in the manifest list entries",
            Some("processor architecture"),
        ),
        (
            "CannotCreateContainerError: Error response from daemon: no command specified",
            Some("give the container a command"),
        ),
        (
            "CannotStartContainerError: unable to find user django: no matching entries in passwd file",
            Some("user in the task definition"),
        ),
        (
            "CannotStartContainerError: OCI runtime create failed: container init was OOM-killed (memory limit too low?)",
            Some("more memory"),
        ),
        (
            "CannotPullContainerError: Get \"https://registry.example/v2/\": dial tcp: lookup registry.example: no such host",
            Some("enableDnsSupport"),
        ),
        (
            "CannotPullContainerError: pull access denied for web, repository does not exist or may require 'docker login'",
            Some("repositoryCredentials"),
        ),
        (
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref 123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:1: 403 Forbidden",
            Some("ecr:BatchGetImage"),
        ),
        (
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/library/web:1: not found",
            Some("has been pushed"),
        ),
        (
            "CannotPullContainerError: manifest unknown: manifest tagged by \"7\" is not found",
            Some("tag or digest"),
        ),
        (
            "ResourceInitializationError: failed to download env files: file download command: non empty error stream: service call has been retried 1 time(s): AccessDenied",
            Some("s3:GetObject"),
        ),
        (
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: AccessDeniedException",
            Some("secretsmanager:GetSecretValue"),
        ),
        (
            "ResourceInitializationError: unable to pull secrets or registry auth: invalid ssm parameters: /prod/db",
            Some("ssm:GetParameters"),
        ),
        (
            "ResourceInitializationError: failed to validate logger args: create stream: ResourceNotFoundException: The specified log group does not exist.",
            Some("its log group exists"),
        ),
        (
            "CannotStartContainerError: failed to initialize logging driver: failed to create Cloudwatch log stream: AccessDeniedException",
            Some("logs:CreateLogStream"),
        ),
        (
            "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: mount.nfs4: access denied by server",
            Some("elasticfilesystem:ClientMount"),
        ),
        (
            "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/task' that was provided for this task.",
            Some("ecs-tasks.amazonaws.com"),
        ),
        (
            "Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-1': InvalidGroup.NotFound",
            Some("security groups"),
        ),
        // Names of programs, layers and sessions say nothing.
        (
            "CannotStartContainerError: OCI runtime create failed: exec: \"/app/load-secrets.sh\": permission denied: unknown",
            Some("chmod +x"),
        ),
        (
            "CannotStartContainerError: OCI runtime create failed: exec: \"/app/mount-data\": stat /app/mount-data: no such file or directory",
            Some("the program must be in the image"),
        ),
        (
            "CannotPullContainerError: failed to extract layer sha256:1: mount callback failed on /tmp/1: archive/tar: invalid tar header",
            None,
        ),
        (
            "ResourceInitializationError: failed to download the firelens file: AccessDenied: User: arn:aws:sts::123456789012:assumed-role/task/1 is not authorized to perform: s3:GetObject",
            None,
        ),
        (
            "CannotStartContainerError: OCI runtime create failed: exec: \"nvidia-container-runtime-hook\": executable file not found in $PATH",
            None,
        ),
        (
            "CannotStartContainerError: OCI runtime create failed: error gathering device information while adding custom device \"/dev/fuse\": no such file or directory",
            None,
        ),
        ("Something new", None),
    ];

    #[test]
    fn every_kind_of_mistake_says_what_to_correct() {
        for (reason, says) in REASONS {
            let check = what_to_correct([*reason]);
            assert!(
                check.is_some() == says.is_some()
                    && says.is_none_or(|says| check.is_some_and(|check| check.contains(says))),
                "{reason}: {check:?}"
            );
        }
    }

    #[test]
    fn the_phrases_are_in_lower_case_and_what_to_check_is_one_sentence() {
        for mistake in MISTAKES {
            for phrase in mistake.says.iter().chain(mistake.and) {
                assert_eq!(*phrase, phrase.to_ascii_lowercase());
            }
            assert!(!mistake.check.contains(". ") && !mistake.check.ends_with('.'));
        }
    }
}
