"""`python -m tests.mutants`: plant faults in copies of the engine and see the tests find them."""

import sys

from tests.mutants.run import main

if __name__ == "__main__":
    sys.exit(main())
