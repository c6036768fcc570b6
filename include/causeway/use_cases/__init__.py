"""The use-case YAML: what a use case, its contract, data, training and gates may say."""
