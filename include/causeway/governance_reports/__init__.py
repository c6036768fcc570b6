"""Reports on governance, made of what the governance table holds.

`production` says what was live on a day, who let it in, on which evidence and from which data;
`versions`, `approvals` and `portfolio` say how things stand. Each is a sheet (`sheets`) of tables,
made of `views`; `admission` finds the approvals that a live version came in with.
"""
