"""Hooks: what the operators say to AWS and MLflow. Import them inside `execute`, never on parse."""
