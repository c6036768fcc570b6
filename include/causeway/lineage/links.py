"""Links to code at its commit, at the usual git hosts."""

from __future__ import annotations

import re
from typing import Final

#: How a remote is written: https, ssh with a scheme, or scp-like.
_REMOTE: Final = re.compile(
    r"(?:https?://(?:[^@/]+@)?|ssh://(?:[^@/]+@)?|[\w.-]+@)(?P<host>[\w.-]+)(?::\d+)?[:/]"
    r"(?P<path>[\w./~-]+?)(?:\.git)?/?"
)
_CODECOMMIT: Final = re.compile(
    r"git-codecommit\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/v1/repos/(?P<name>[\w.-]+)"
)
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")


def code_link(repository: str, commit: str) -> str:
    """Return the web page of a repository at a commit; empty where nobody knows it.

    GitHub and its kin (`/tree/<commit>`), GitLab (`/-/tree/`), Bitbucket (`/src/`), Azure DevOps
    (`?version=GC`) and CodeCommit's console. A host of another name is taken for GitHub's kin.
    """
    match = _REMOTE.fullmatch(repository.strip())
    if match is None or not _COMMIT.fullmatch(commit):
        return ""
    host, path = match["host"], match["path"].strip("/")
    codecommit = _CODECOMMIT.fullmatch(f"{host}/{path}")
    if codecommit:
        region, name = codecommit["region"], codecommit["name"]
        console = f"https://{region}.console.aws.amazon.com/codesuite/codecommit/repositories"
        return f"{console}/{name}/browse/{commit}?region={region}"
    if host == "ssh.dev.azure.com":  # v3/<organisation>/<project>/<repository>
        host, (organisation, project, name) = "dev.azure.com", path.split("/")[-3:]
        path = f"{organisation}/{project}/_git/{name}"
    if host == "dev.azure.com":
        return f"https://{host}/{path}?version=GC{commit}"
    if "gitlab" in host:
        return f"https://{host}/{path}/-/tree/{commit}"
    if "bitbucket" in host:
        return f"https://{host}/{path}/src/{commit}"
    return f"https://{host}/{path}/tree/{commit}"
