"""Training job: fit the regressor of house values; `boosting.py` says what it reads and writes."""

from boosting import Objective, main  # type: ignore[import-not-found]

OBJECTIVE = Objective(
    "reg:squarederror",
    "mse",
    {
        "max_depth": 8,
        "eta": 0.1,
        "min_child_weight": 5,
        "subsample": 0.8,
        "num_boost_round": 150,
    },
)

if __name__ == "__main__":
    main(OBJECTIVE, "Train the regressor of house values")
