"""The one Airflow plugin of the project.

Airflow imports every file under the plugins folder unless `.airflowignore` says otherwise; that
file names the package `causeway_airflow`, which stays importable and is loaded by what needs it.
"""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from causeway_airflow.links.mlflow_run import MlflowRunLink
from causeway_airflow.pages.answers import AnswerMiddleware
from causeway_airflow.pages.mounted import Mounted


class CausewayPlugin(AirflowPlugin):
    """Makes the project visible under Admin > Plugins; its pages and links are added here."""

    name = "causeway"
    fastapi_apps = [{"app": Mounted(), "url_prefix": "/causeway", "name": "causeway"}]
    fastapi_root_middlewares = [{"middleware": AnswerMiddleware, "name": "causeway answers"}]
    # Airflow shows it below its own navigation, in a frame of the same origin.
    external_views = [
        {
            "name": "Governance",
            "href": "/causeway/governance/",
            "destination": "nav",
            "url_route": "governance",
            "nav_top_level": True,
        },
        {
            "name": "Lineage",
            "href": "/causeway/lineage/",
            "destination": "nav",
            "url_route": "lineage",
            "nav_top_level": True,
        },
    ]
    operator_extra_links = [MlflowRunLink()]
