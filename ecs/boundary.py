"""Check that the permissions boundary lets a service read its secret and its model.

CloudFormation does not check this: it would create the role, and the tasks would fail at start. So
the check runs before anything is changed.
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

    `bootstrap` is the current stack, or None; `given` has the new values of its parameters, and
    `renew` is whether its template will be updated.
    """
    before = bootstrap.parameters if bootstrap else {}
    if bootstrap and SECRET not in before and not (renew or given):
        return  # the stack was created before its boundary had these limits
    defaults = {
        name: str(inputs.declared_parameters("bootstrap")[name]["Default"])
        for name in (SECRET, MODELS)
    }
    allowed = {**defaults, **before, **given}
    secret = service.get("ApiKeysSecretArn", "").partition(":secret:")[2]
    name = re.sub("-[A-Za-z0-9]{6}$", "", secret)
    if name and name != allowed[SECRET]:
        raise UsageError(
            f"ApiKeysSecretArn is the secret {name}, but tasks may only read "
            f"{allowed[SECRET]}: add --set {SECRET}={name}"
        )
    model = service.get("ModelUri", "")
    if model and not (allowed[MODELS] and model.startswith(allowed[MODELS])):
        where = f"only read below {allowed[MODELS]}" if allowed[MODELS] else "not read from S3"
        raise UsageError(
            f"ModelUri is {model}, but tasks may {where}: add --set {MODELS}= with the folder "
            "of all models"
        )
