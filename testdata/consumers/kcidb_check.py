"""Validates KCIDB submissions with kcidb-io as KernelCI does. Arguments: files. Prints what each holds, as JSON."""

import json
import sys

import kcidb_io

for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        data = json.load(file)
    kcidb_io.schema.LATEST.validate(data)
    tests = {test["path"]: test["status"] for test in data["tests"]}
    print(json.dumps({"tests": tests, "issues": len(data["issues"]), "incidents": len(data["incidents"])}))
