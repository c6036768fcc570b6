import pytest

from causeway.lineage.links import code_link

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("repository", "link"),
    [
        ("git@github.com:acme/models.git", f"https://github.com/acme/models/tree/{COMMIT}"),
        ("https://github.com/acme/models", f"https://github.com/acme/models/tree/{COMMIT}"),
        ("https://user:secret@github.com/acme/m.git", f"https://github.com/acme/m/tree/{COMMIT}"),
        (
            "ssh://git@ghe.acme.io:2222/acme/models",
            f"https://ghe.acme.io/acme/models/tree/{COMMIT}",
        ),
        ("git@gitlab.acme.io:a/b/c.git", f"https://gitlab.acme.io/a/b/c/-/tree/{COMMIT}"),
        ("git@bitbucket.org:acme/models.git", f"https://bitbucket.org/acme/models/src/{COMMIT}"),
        (
            "https://acme@dev.azure.com/acme/risk/_git/models",
            f"https://dev.azure.com/acme/risk/_git/models?version=GC{COMMIT}",
        ),
        (
            "git@ssh.dev.azure.com:v3/acme/risk/models",
            f"https://dev.azure.com/acme/risk/_git/models?version=GC{COMMIT}",
        ),
        (
            "https://git-codecommit.eu-central-1.amazonaws.com/v1/repos/models",
            "https://eu-central-1.console.aws.amazon.com/codesuite/codecommit/repositories/models/"
            f"browse/{COMMIT}?region=eu-central-1",
        ),
        ("/srv/git/models", ""),
        ("javascript:alert(1)", ""),
        ("", ""),
    ],
)
def test_a_repository_is_linked_at_the_commit(repository, link) -> None:
    assert code_link(repository, COMMIT) == link


@pytest.mark.parametrize("commit", ["", "main", "0123 4567", '"><script>'])
def test_what_is_no_commit_has_no_link(commit) -> None:
    assert code_link("git@github.com:acme/models.git", commit) == ""
