"""``python -m roiwidgets`` is the command line, where no script is on the path."""

import sys

from roiwidgets.cli import main

if __name__ == "__main__":
    sys.exit(main())
