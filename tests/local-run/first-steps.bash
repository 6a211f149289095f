# The smallest stack with a Custom::EcsTask: change it, or take a template of your own.
ecs-task-runner check infra/example/hello.yaml
aws cloudformation deploy --stack-name hello --template-file infra/example/hello.yaml --capabilities CAPABILITY_IAM \
    --parameter-overrides SubnetIds=subnet-00000001

# What happened, what the task printed, and where it ran.
aws cloudformation describe-stack-events --stack-name hello --output text \
    --query 'reverse(StackEvents)[].[LogicalResourceId,ResourceStatus,ResourceStatusReason]'
aws logs filter-log-events --log-group-name /ecs/hello --query 'events[].message' --output text
aws cloudformation describe-stacks --stack-name hello --query 'Stacks[0].Outputs[].[OutputKey,OutputValue]' --output text

# A new command: the update runs it.
aws cloudformation deploy --stack-name hello --template-file infra/example/hello.yaml --capabilities CAPABILITY_IAM \
    --parameter-overrides Command=python3,--version

# The end of it.
aws cloudformation delete-stack --stack-name hello
aws cloudformation wait stack-delete-complete --stack-name hello
