"""Takes templates in the request that AWS takes from a bucket alone.

ministack, as AWS, takes 51,200 bytes in the request. infra/task-runner.yaml is larger: infra/deploy uploads it, and the
AWS CLI refuses a larger file without --s3-bucket before it asks CloudFormation. Here it is deployed without a bucket.
"""

from ministack.services.cloudformation import helpers


def install():
    helpers.TEMPLATE_BODY_MAX_BYTES = helpers.TEMPLATE_URL_MAX_BYTES
