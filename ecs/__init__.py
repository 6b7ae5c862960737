"""The service on ECS Fargate behind an Application Load Balancer: templates and commands.

Read in this order: `bootstrap.yaml`, `network.yaml`, `service.yaml` (one stack each, by how seldom
they change), `template.py` (what a template says for given parameters), then `render.py`, which
writes `task-definition.json` from `service.yaml` for those who have a cluster already. `files.yaml`
stands beside them: tasks of the same image that score one file each, sent by `run-task.json`.

The commands `deploy`, `rollback`, `verify`, `destroy` and `cost` are launchers of `commands/`, the
only code that knows arguments; `make sbom` runs another. Below it, from the whole to its parts:
`deployment.py` (one deployment), `foundations.py` (what stands before),
`boundary.py` (what its roles may read), `removal.py`; `changes.py`
and `stacks.py` (CloudFormation), `inputs.py` (what it is sent), `service.py` (the service on ECS),
`report.py` (why it failed), `smoke.py` (a prediction); `registry.py` (images in ECR),
`containers.py` (docker and git), `sbom.py` (what an image is made of), `checks.py` and `drift.py`
(what verify looks at), `costs.py` and `prices.py`, `names.py`, `account.py` and `errors.py`.
"""
