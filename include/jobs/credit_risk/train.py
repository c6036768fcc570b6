"""Training job: fit the classifier of good credits; `boosting.py` says what it reads and writes."""

from boosting import Objective, main  # type: ignore[import-not-found]

#: The published parameters of the model are the defaults.
OBJECTIVE = Objective(
    "binary:logistic",
    "auc",
    {
        "max_depth": 5,
        "eta": 0.1,
        "gamma": 4,
        "min_child_weight": 6,
        "subsample": 0.8,
        "num_boost_round": 50,
    },
)

if __name__ == "__main__":
    main(OBJECTIVE, "Train the credit-risk classifier")
