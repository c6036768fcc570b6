"""Processing job: measure the model on the held-out part; see `evaluation.py`."""

from evaluation import main  # type: ignore[import-not-found]

if __name__ == "__main__":
    main()
