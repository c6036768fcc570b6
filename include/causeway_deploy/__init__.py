"""The administrators' door to real accounts: `python -m causeway_deploy`.

`checking` reads topology and use cases; `rendering` writes templates, parameters and commands;
`bootstrapping` deploys the stacks with an administrator's profile per account; `stacks` is a stack
deployed and waited for; `connecting` lists Airflow's connections; `diagnosing` reaches every
account as every duty. Airflow itself holds no administrator's key. The local stack is set up by the
same code.
"""
