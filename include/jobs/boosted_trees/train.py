"""Training job: fit gradient-boosted trees; `boosting.py` says what it reads and writes."""

from boosting import main  # type: ignore[import-not-found]

if __name__ == "__main__":
    main()
