"""What stands before a service does: the bootstrap stack, a network, ECS's own role."""

from collections.abc import Mapping

from botocore.exceptions import ClientError

from ecs import changes, inputs, names, stacks
from ecs.account import Account, code_of
from ecs.errors import FailedError, UsageError
from ecs.stacks import Stack, Tell, Waiting

OWN_NETWORK = ("VpcId", "PublicSubnetIds", "TaskSubnetIds")


def bootstrap(account: Account, given: Mapping[str, str], renew: bool, tell: Tell) -> Stack:
    """The bootstrap stack; made if it is missing, changed only if that was asked for."""
    stack = _stack(account, "bootstrap", names.BOOTSTRAP, given, renew, tell)
    _let_ecs_work(account, tell)
    return stack


def network(
    account: Account,
    given: Mapping[str, str],
    own: Mapping[str, str],
    service: Stack | None,
    renew: bool,
    tell: Tell,
) -> dict[str, str]:
    """The service's parameters for its network; none if it has them, or one of its own."""
    if any(name in own for name in OWN_NETWORK):
        missing = [name for name in OWN_NETWORK if not own.get(name)]
        if missing and service is None:
            raise UsageError(f"a network of your own also needs --set {missing[0]}=...")
        return {}
    if service and not (given or renew):
        return {}
    made = stacks.find(account.client("cloudformation"), names.NETWORK)
    if service and (made is None or made.outputs.get("VpcId") != service.parameters["VpcId"]):
        return {}
    if made and made.status in changes.DONE:
        given = _differing(account, made, given)
    stack = _stack(account, "network", names.NETWORK, given, renew, tell)
    return for_service(stack)


def _differing(account: Account, network: Stack, given: Mapping[str, str]) -> dict[str, str]:
    """What would change the network; UsageError if somebody is in it, whom that would cut off."""
    other = {name: value for name, value in given.items() if network.parameters[name] != value}
    users = [name for name in names.all_stacks(account) if name not in names.SHARED]
    if other and users:
        name, value = next(iter(other.items()))
        raise UsageError(
            f"{names.NETWORK} has {name}={network.parameters[name]}, and {users[0]} is in it: it "
            f"cannot get {name}={value}; take another region, or a network of your own"
        )
    return other


def for_service(stack: Stack) -> dict[str, str]:
    """What a stack says of the parameters of the service's template."""
    wanted = inputs.known("service")
    return {name: value for name, value in stack.outputs.items() if name in wanted}


def _stack(
    account: Account, template: str, name: str, given: Mapping[str, str], renew: bool, tell: Tell
) -> Stack:
    client = account.client("cloudformation")
    waiting = Waiting(tell)
    stack = stacks.find(client, name)
    if stack and not stack.busy and stack.status not in changes.STILLBORN and not (renew or given):
        return stack
    stack = changes.ready(client, name, waiting)
    if stack is None:
        tell(f"making {name} from ecs/{template}.yaml")
        stack = changes.create(client, name, inputs.text(template), given, waiting)
    elif renew or given:
        tell(f"bringing {name} up to ecs/{template}.yaml")
        known = set(inputs.known(template))
        changes.change(client, stack, inputs.text(template), given, known, waiting)
    done = stacks.find(client, name)
    if done is None:
        raise FailedError(f"{name} is gone")
    return done


def _let_ecs_work(account: Account, tell: Tell) -> None:
    """Make ECS's own role, of which a new account has none: its first cluster would fail."""
    try:
        account.client("iam").create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
    except ClientError as error:
        # InvalidInput: it is there. Whoever may not make it has it, or will be told by ECS.
        if code_of(error) not in {"InvalidInput", "EntityAlreadyExists", "AccessDenied"}:
            raise
        return
    tell("made the role that ECS itself works with, AWSServiceRoleForECS")
