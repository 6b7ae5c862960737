"""Creates what a service requires: the bootstrap stack, a network, ECS's service-linked role."""

from collections.abc import Mapping

from botocore.exceptions import ClientError

from ecs import inputs, names, stack_operations, stacks
from ecs.account import Account, error_code
from ecs.errors import FailedError, UsageError
from ecs.stacks import Echo, Stack, WaitCallbacks

OWN_NETWORK = ("VpcId", "PublicSubnetIds", "TaskSubnetIds")


def ensure_bootstrap(account: Account, given: Mapping[str, str], renew: bool, echo: Echo) -> Stack:
    """Return the bootstrap stack. Create it if it is missing; update it on request only."""
    stack = _stack(account, "bootstrap", names.BOOTSTRAP, given, renew, echo)
    _ensure_service_linked_role(account, echo)
    return stack


def ensure_network(
    account: Account,
    given: Mapping[str, str],
    own: Mapping[str, str],
    service: Stack | None,
    renew: bool,
    echo: Echo,
) -> dict[str, str]:
    """Parameters that put the service into its network.

    Empty if the service keeps its network, or if the parameters in `own` name another one.
    """
    if any(name in own for name in OWN_NETWORK):
        missing = [name for name in OWN_NETWORK if not own.get(name)]
        if missing and service is None:
            raise UsageError(f"your own network also requires --set {missing[0]}=...")
        return {}
    if service and not (given or renew):
        return {}
    made = stacks.find(account.client("cloudformation"), names.NETWORK)
    if service and (made is None or made.outputs.get("VpcId") != service.parameters["VpcId"]):
        return {}
    if made and made.status in stack_operations.DONE:
        given = _differing(account, made, given)
    stack = _stack(account, "network", names.NETWORK, given, renew, echo)
    return service_parameters(stack)


def _differing(account: Account, network: Stack, given: Mapping[str, str]) -> dict[str, str]:
    """Parameters that differ from the network's; UsageError if a service runs in the network."""
    other = {name: value for name, value in given.items() if network.parameters[name] != value}
    users = [name for name in names.list_stacks(account) if name not in names.SHARED]
    if other and users:
        name, value = next(iter(other.items()))
        raise UsageError(
            f"{names.NETWORK} has {name}={network.parameters[name]}, and {users[0]} runs in it, so "
            f"it cannot change to {name}={value}; use another region, or your own network"
        )
    return other


def service_parameters(stack: Stack) -> dict[str, str]:
    """Outputs of a stack that the service's template has as parameters."""
    declared = inputs.declared_parameters("service")
    return {name: value for name, value in stack.outputs.items() if name in declared}


def _stack(
    account: Account, template: str, name: str, given: Mapping[str, str], renew: bool, echo: Echo
) -> Stack:
    client = account.client("cloudformation")
    waiting = WaitCallbacks(echo)
    stack = stacks.find(client, name)
    if (
        stack
        and not stack.busy
        and stack.status not in stack_operations.NEVER_CREATED
        and not (renew or given)
    ):
        return stack
    stack = stack_operations.wait_until_changeable(client, name, waiting)
    if stack is None:
        echo(f"creating {name} from ecs/{template}.yaml")
        stack = stack_operations.create(
            client, name, inputs.template_body(template), given, waiting
        )
    elif renew or given:
        echo(f"updating {name} from ecs/{template}.yaml")
        known = set(inputs.declared_parameters(template))
        stack_operations.change(
            client, stack, inputs.template_body(template), given, known, waiting
        )
    done = stacks.find(client, name)
    if done is None:
        raise FailedError(f"{name} no longer exists")
    return done


def _ensure_service_linked_role(account: Account, echo: Echo) -> None:
    """Create ECS's service-linked role. Without it a new account's first cluster fails."""
    try:
        account.client("iam").create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
    except ClientError as error:
        # InvalidInput: the role exists. If access is denied and it is missing, ECS reports that.
        if error_code(error) not in {"InvalidInput", "EntityAlreadyExists", "AccessDenied"}:
            raise
        return
    echo("created ECS's service-linked role, AWSServiceRoleForECS")
