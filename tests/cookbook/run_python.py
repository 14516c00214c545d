"""Runs the ```python blocks of a page, each on its own after the block before the first "### ", in an empty folder.
Prints {"29": {"output": what it printed, "error": its traceback or ""}, …}.
usage: run_python.py cookbook.md"""
import contextlib
import io
import json
import os
import re
import sys
import tempfile
import traceback

import torch

page_path = os.path.abspath(sys.argv[1])
page = open(page_path, encoding="utf-8").read()
blocks = re.compile(r"^### (\d+)\. .*?$|^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

torch.set_num_threads(1)
given, number, results = None, None, {}
for match in blocks.finditer(page):
    if match[1]:
        number = match[1]
        continue
    lines_before = page.count("\n", 0, match.start(2))
    code = compile("\n" * lines_before + match[2], page_path, "exec")
    if number is None:
        given = code
        continue
    output, error, names = io.StringIO(), "", {"__name__": "cookbook"}
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(output):
        os.chdir(folder)
        try:
            exec(given, names)
            exec(code, names)
        except Exception:
            error = traceback.format_exc()
        os.chdir("/")
    torch.use_deterministic_algorithms(False)
    results[number] = {"output": output.getvalue(), "error": error}
print(json.dumps(results))
