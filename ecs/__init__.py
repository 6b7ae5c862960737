"""The service on ECS Fargate behind an Application Load Balancer: templates and commands.

Read in this order: `bootstrap.yaml`, `network.yaml`, `service.yaml` (one stack each; the first
changes least often), `template.py` (resolves a template for given parameters), then `render.py`,
which writes `task-definition.json` from `service.yaml` for users who already have a cluster.
`files.yaml` is independent: it has tasks of the same image that score a file each, started with
`run-task.json`.

The commands `deploy`, `rollback`, `verify`, `destroy` and `cost` are launchers of modules in
`commands/`, the only code that parses arguments; `make sbom` runs another. The modules below it:
`deployment.py` (one deployment), `prerequisites.py` (the stacks that a service needs first),
`boundary.py` (the limits of its roles), `teardown.py`; `stack_operations.py` and `stacks.py`
(CloudFormation), `inputs.py` (templates and parameters), `service.py` (the service on ECS),
`report.py` (why a deployment failed), `rollout.py` (how ECS ended it), `smoke_test.py` (a
prediction); `registry.py` (images in ECR), `containers.py` (docker and git), `sbom.py` (the
software in an image), `preflight.py` and `drift.py` (the checks of verify), `costs.py` and
`prices.py`, `price_list.py`, `names.py`, `account.py` and `errors.py`.
"""
