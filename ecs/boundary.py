"""Whether the boundary of roles lets a service read its secret and its model.

A boundary is no error to CloudFormation: it makes the role, and the tasks fail when they start. So
this is looked at before anything is changed.
"""

import re
from collections.abc import Mapping

from ecs import inputs
from ecs.errors import UsageError
from ecs.stacks import Stack

SECRET, MODELS = "KeysSecretName", "ModelsUri"  # the bootstrap stack's parameters


def check(
    bootstrap: Stack | None, given: Mapping[str, str], renew: bool, service: Mapping[str, str]
) -> None:
    """Raise UsageError if a service with these parameters could not read what it needs.

    `bootstrap` is the stack as it is, or None; `given` are its parameters that are to change, and
    `renew` tells whether its template is brought up to date.
    """
    before = bootstrap.parameters if bootstrap else {}
    if bootstrap and SECRET not in before and not (renew or given):
        return  # it was made before its boundary had these limits
    defaults = {name: str(inputs.known("bootstrap")[name]["Default"]) for name in (SECRET, MODELS)}
    allowed = {**defaults, **before, **given}
    secret = service.get("ApiKeysSecretArn", "").partition(":secret:")[2]
    name = re.sub("-[A-Za-z0-9]{6}$", "", secret)
    if name and name != allowed[SECRET]:
        raise UsageError(
            f"ApiKeysSecretArn is the secret {name}, and tasks may only be given "
            f"{allowed[SECRET]}: add --set {SECRET}={name}"
        )
    model = service.get("ModelUri", "")
    if model and not (allowed[MODELS] and model.startswith(allowed[MODELS])):
        where = f"only read below {allowed[MODELS]}" if allowed[MODELS] else "read nothing on S3"
        raise UsageError(
            f"ModelUri is {model}, and tasks may {where}: add --set {MODELS}=, with the folder "
            "that all models are in"
        )
