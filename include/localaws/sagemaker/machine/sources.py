"""The code of a training job or a model server: what `sagemaker_submit_directory` names."""

from __future__ import annotations

import shutil
from pathlib import Path

from localaws.sagemaker.machine.archives import unpack
from localaws.sagemaker.machine.failures import WorkFailedError
from localaws.sagemaker.machine.sandbox import Sandbox
from localaws.sagemaker.machine.transfer import Transfer


def source_code(sandbox: Sandbox, transfer: Transfer, source: str | None) -> Path:
    """Return `/opt/ml/code` with the files of an archive in S3, or of a folder or archive here.

    Without a source it is as empty as in the image.
    (sagemaker-containers, `_files.download_and_extract`.)

    Raises:
        WorkFailedError: the archive cannot be downloaded, or the path is not there.
    """
    code = sandbox.folder("/opt/ml/code")
    if source is None:
        return code
    if source.startswith("s3://"):
        archive = sandbox.root / "sourcedir.tar.gz"
        transfer.download_file(source, archive)
        unpack(archive, code)
        return code
    try:
        path = sandbox.path(source)
        if path.is_file():
            unpack(path, code)
        else:
            shutil.copytree(path, code, dirs_exist_ok=True)
    except (ValueError, OSError) as error:
        raise WorkFailedError(f"ClientError: sagemaker_submit_directory: {error}") from error
    return code
