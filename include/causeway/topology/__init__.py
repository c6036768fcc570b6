"""Who is where.

`account_roles` are the kinds of accounts and the duties in each, `accounts` maps them to account
ids and lists people; `connections` are Airflow's;
`names` are fixed names of resources; `arns` are typed; `stacks` are the CloudFormation templates
and their parameters; `access_rules` is the section `access` of a topology or use case.
"""
