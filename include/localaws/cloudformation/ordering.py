"""The order in which resources are created: a resource comes after those it refers to."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from localaws.cloudformation.errors import TemplateError
from localaws.cloudformation.evaluation import PSEUDO_PARAMETERS, Evaluation, references


def in_order(evaluation: Evaluation) -> list[str]:
    """Return the logical ids that belong to the stack, each after all that it depends on.

    Raise TemplateError for an unresolved reference and for a circular dependency. A reference to a
    resource that its condition excludes is not an error here, but when it is evaluated.
    """
    template = evaluation.template
    active = [i for i, item in template.resources.items() if evaluation.exists(item.condition)]
    names = set(template.resources) | set(template.parameters) | PSEUDO_PARAMETERS
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for logical_id in active:
        item = template.resources[logical_id]
        mentioned = list(dict.fromkeys([*item.depends_on, *references(item.properties)]))
        strangers = [name for name in mentioned if name not in names]
        if strangers:
            raise TemplateError(
                f"Template format error: Unresolved resource dependencies "
                f"[{', '.join(strangers)}] in the Resources block of the template"
            )
        sorter.add(logical_id, *(name for name in mentioned if name in active))
    for name, output in template.outputs.items():
        strangers = [item for item in references(output) if item not in names]
        if strangers:
            raise TemplateError(
                f"Template format error: Unresolved resource dependencies "
                f"[{', '.join(strangers)}] in the Outputs block of the template ({name})"
            )
    try:
        return list(sorter.static_order())
    except CycleError as error:
        circle = ", ".join(dict.fromkeys(error.args[1]))
        raise TemplateError(f"Circular dependency between resources: [{circle}]") from None
