"""`python3 -m labctl`: sees that the dependencies are there, then is the `labctl` command."""

import sys


def main() -> None:
    """Refuse an old Python, make what is missing in a checkout, hand over to the command line."""
    if sys.version_info < (3, 11):  # noqa: UP036  this file must be read by the Python it refuses
        sys.stderr.write(
            "labctl: needs Python 3.11 or newer, this is {}.{}; try: python3.11 -m labctl\n".format(
                *sys.version_info[:2]
            )
        )
        sys.exit(2)

    from labctl._bootstrap import ensure

    ensure(sys.argv[1:])
    from labctl.cli import main as cli

    cli()


if __name__ == "__main__":
    main()
