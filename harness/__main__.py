"""The program `harness`, also `python -m harness`: ready to be stopped before it imports more."""

from harness.common.late import keep_out
from harness.common.stopping import stopping_politely


def main() -> None:
    """Entry point. The commands' libraries take seconds to import."""
    keep_out()
    with stopping_politely():
        from harness.cli import main as read_words

        read_words()


if __name__ == "__main__":
    main()
