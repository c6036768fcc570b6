"""Who is where.

`accounts` maps roles to account ids and lists duties and people; `connections` are Airflow's;
`names` are fixed names of resources; `arns` are typed; `stacks` are the CloudFormation templates
and their parameters; `access_rules` is the section `access` of a topology or use case.
"""
