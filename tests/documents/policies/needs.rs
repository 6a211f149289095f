//! What the templates and `infra/deploy` do not need of the permissions of resource types, and what
//! they need besides.

/// Permissions of resource types for what no template of ours sets.
pub const NOT_USED: [(&str, &str); 17] = [
    (
        "ecs:PutAccountSetting*",
        "no setting of the account is changed",
    ),
    (
        "ecs:PutClusterCapacityProviders",
        "no cluster has capacity providers",
    ),
    ("iam:*Group*", "no group has a policy"),
    ("iam:*User*", "no user has a policy"),
    (
        "kms:CreateGrant",
        "functions and state machine are encrypted with no key of the account",
    ),
    ("kms:Decrypt", "likewise"),
    ("kms:Encrypt", "likewise"),
    ("kms:GenerateDataKey", "likewise"),
    (
        "lambda:AssociateRuntimeAlias",
        "no function is tied to a version of its runtime",
    ),
    ("lambda:GetCodeSigningConfig", "no code is signed"),
    ("lambda:GetLayerVersion", "there are no layers"),
    (
        "lambda:PassCapacityProvider",
        "no function has a capacity provider",
    ),
    ("logs:*DataProtectionPolicy", "no log group has one"),
    ("logs:*IndexPolicy", "no log group has one"),
    ("logs:*ResourcePolic*", "no log group has one"),
    ("logs:CreateLogDelivery", "nothing is delivered"),
    (
        "logs:PutBearerTokenAuthentication",
        "nothing is authenticated by token",
    ),
];

/// A permission of a resource type, and the smaller one that the template needs of it.
pub const NARROWED: [(&str, &str); 1] = [("ssm:Get*", "ssm:GetParameters")];

/// What `infra/deploy` calls by itself, and what the guide has people call besides: the AWS CLI's
/// command and its permissions.
pub const CALLS: [(&str, &[&str]); 20] = [
    ("sts get-caller-identity", &[]),
    ("s3api head-bucket", &["s3:ListBucket"]),
    ("s3api head-object", &["s3:GetObject"]),
    (
        "s3api get-bucket-encryption",
        &["s3:GetEncryptionConfiguration"],
    ),
    ("s3api put-object", &["s3:PutObject"]),
    ("ec2 describe-subnets", &["ec2:DescribeSubnets"]),
    (
        "ec2 describe-instance-types",
        &["ec2:DescribeInstanceTypes"],
    ),
    (
        "service-quotas get-service-quota",
        &["servicequotas:GetServiceQuota"],
    ),
    (
        "autoscaling describe-auto-scaling-groups",
        &["autoscaling:DescribeAutoScalingGroups"],
    ),
    // What the first use of ECS, Auto Scaling or Spot Instances in an account does by itself.
    (
        "iam create-service-linked-role",
        &["iam:CreateServiceLinkedRole"],
    ),
    (
        "lambda get-account-settings",
        &["lambda:GetAccountSettings"],
    ),
    (
        "cloudformation describe-stacks",
        &["cloudformation:DescribeStacks"],
    ),
    (
        "cloudformation describe-stack-events",
        &["cloudformation:DescribeStackEvents"],
    ),
    (
        "cloudformation deploy",
        &[
            "cloudformation:CreateChangeSet",
            "cloudformation:DescribeChangeSet",
            "cloudformation:ExecuteChangeSet",
            "cloudformation:GetTemplateSummary",
            // With --tag, and of its tags later.
            "cloudformation:TagResource",
            "cloudformation:UntagResource",
            // With --role-arn.
            "iam:PassRole",
        ],
    ),
    (
        "cloudformation continue-update-rollback",
        &["cloudformation:ContinueUpdateRollback"],
    ),
    (
        "cloudformation delete-stack",
        &["cloudformation:DeleteStack"],
    ),
    (
        "cloudformation describe-stack-resource",
        &["cloudformation:DescribeStackResource"],
    ),
    (
        "cloudformation describe-stack-resources",
        &["cloudformation:DescribeStackResources"],
    ),
    ("lambda invoke", &["lambda:InvokeFunction"]),
    (
        "cloudformation update-termination-protection",
        &[
            "cloudformation:UpdateTerminationProtection",
            "cloudformation:ListImports",
        ],
    ),
];

/// What an update of the fleet takes beside its resource type: its `UpdatePolicy` replaces
/// instances one by one.
pub const ROLLING_UPDATE: &str = "autoscaling:TerminateInstanceInAutoScalingGroup";
