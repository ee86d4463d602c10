"""Runs a command on a patch as b4 does for `review-perpatch-check-cmd`. Arguments: folder to run in, patch, command. Prints the
checks that b4 read, as JSON."""

import email
import email.policy
import json
import sys

from b4.review import checks

folder, patch, command = sys.argv[1:]
with open(patch, "rb") as file:
    message = email.message_from_binary_file(file, policy=email.policy.EmailPolicy(utf8=True))
print(json.dumps(checks.run_perpatch_checks([("id", message)], [command], folder)["id"]))
