"""`python -m tests.fuzz`: see tests/fuzz/run.py. The processes that send import this file too, and nothing more."""

if __name__ == "__main__":
    from tests.fuzz.run import main

    main()
