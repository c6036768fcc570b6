"""Training job: fit a logistic regression; `linear.py` says what it reads and writes."""

from linear import main  # type: ignore[import-not-found]

if __name__ == "__main__":
    main()
