"""The service on ECS Fargate behind an Application Load Balancer, as CloudFormation templates.

Read in this order: `bootstrap.yaml`, `network.yaml`, `service.yaml` (one stack each, by how seldom
they change), `template.py` (what a template says for given parameters), then `render.py`, which
writes `task-definition.json` from `service.yaml` for those who have a cluster already.
"""
