"""The URL of a wait condition's handle says until when it is valid, as a presigned URL does.

ministack's URL never ends, and says nothing of it. One that CloudFormation makes is valid for a second less than twelve
hours.
"""

import functools
import time

from ministack.services.cloudformation import wait_conditions

_VALID = 43_199


def install():
    """Replaces how ministack makes the URL. What it finds by the URL it finds by its path."""
    wait_conditions.handle_url = functools.partial(_url, wait_conditions.handle_url)


def _url(original, token):
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    return f"{original(token)}?X-Amz-Date={date}&X-Amz-Expires={_VALID}"
