"""Write the files of `events/`: `python -m tests.events`."""

from __future__ import annotations

from tests.events import FOLDER, format_files, read_files


def main() -> None:
    """Write all files, and delete the files of events that no longer exist."""
    files = format_files()
    for name, text in files.items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_text(text)
    for name in read_files().keys() - files.keys():
        (FOLDER / name).unlink()


if __name__ == "__main__":
    main()
