"""CloudFormation: stacks that are created, updated and deleted through the local AWS itself."""
