"""The lowest versions that pyproject.toml allows of what painting needs, as constraints for pip.

``python .ci/lowest.py > constraints.txt && pip install -c constraints.txt .``
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*>=\s*([0-9][^,;\s]*)")


def main() -> None:
    """One line a dependency; one without a lower bound is an error."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for dependency in project["dependencies"]:
        match = REQUIREMENT.match(dependency)
        if match is None:
            raise SystemExit(f"lowest: {dependency} has no lower bound")
        print(f"{match[1]}=={match[2]}")


if __name__ == "__main__":
    main()
