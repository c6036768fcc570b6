"""Asks `inference.py` under one serving toolkit; run by `test_serving_toolkits.py` as a script.

Arguments: the toolkit, the model's folder, a folder with `requests.json` and for `answers.json`.
"""

from __future__ import annotations

import collections
import collections.abc
import importlib
import json
import sys
from pathlib import Path
from typing import Any


def containers(model_dir: Path) -> Any:
    """One model a server, put together as `sagemaker_xgboost_container.serving.main` does."""
    collections.Mapping = collections.abc.Mapping  # type: ignore[attr-defined]  # the image's patch
    from sagemaker_containers.beta.framework import transformer, worker

    module = importlib.import_module("inference")
    served = transformer.Transformer(model_fn=module.model_fn, transform_fn=module.transform_fn)
    served._model = module.model_fn(str(model_dir))  # /opt/ml/model, in the image
    client = worker.Worker(transform_fn=served.transform, module_name="inference").test_client()

    def ask(request: dict[str, str]) -> dict[str, Any]:
        reply = client.post(
            "/invocations",
            data=request["body"].encode(),
            headers={"Content-Type": request["content_type"], "Accept": request["accept"]},
        )
        return {
            "status": reply.status_code,
            "body": reply.get_data(as_text=True),
            "content_type": reply.headers["Content-Type"],
        }

    return ask


class Context:
    """What the multi-model server tells a handler of a request, and is told back."""

    def __init__(self, model_dir: Path, request: dict[str, str]) -> None:
        self.system_properties = {"model_dir": str(model_dir)}
        self.request_processor = [self]
        self.headers = {"Content-Type": request["content_type"], "Accept": request["accept"]}
        self.status, self.content_type = 200, ""

    def get_request_properties(self) -> dict[str, str]:
        return self.headers

    def set_response_content_type(self, index: int, content_type: str) -> None:
        self.content_type = content_type

    def set_response_status(self, code: int, phrase: str, index: int = 0) -> None:
        self.status = int(code)


def inference(model_dir: Path) -> Any:
    """Several models a server; images with this toolkit alone have no `sagemaker_containers`."""
    sys.modules["sagemaker_containers"] = None  # type: ignore[assignment]
    from sagemaker_inference.default_handler_service import DefaultHandlerService

    service = DefaultHandlerService()

    def ask(request: dict[str, str]) -> dict[str, Any]:
        context = Context(model_dir, request)
        [body] = service.handle([{"body": bytearray(request["body"].encode())}], context)
        return {"status": context.status, "body": body, "content_type": context.content_type}

    return ask


def local(model_dir: Path) -> Any:
    """The local AWS's own."""
    sys.path.insert(0, str(Path(__file__).parents[3] / "include/localaws/sagemaker/hosting"))
    import serving_toolkit  # type: ignore[import-not-found]

    serving_toolkit.provide()
    module = importlib.import_module("inference")
    served = serving_toolkit.Transformer(module, "xgboost")
    model = served.load(str(model_dir))

    def ask(request: dict[str, str]) -> dict[str, Any]:
        answer = served.answer(
            model, request["body"].encode(), request["content_type"], request["accept"]
        )
        return {
            "status": answer.status,
            "body": answer.body.decode(),
            "content_type": answer.content_type,
        }

    return ask


def main() -> None:
    toolkit, model_dir, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    sys.path.insert(0, str(model_dir / "code"))
    ways = {"local": local, "sagemaker-containers": containers, "sagemaker-inference": inference}
    ask = ways[toolkit](model_dir)
    requests = json.loads((folder / "requests.json").read_text())
    (folder / "answers.json").write_text(json.dumps([ask(request) for request in requests]))


if __name__ == "__main__":
    main()
