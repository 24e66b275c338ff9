#!/usr/bin/env python3
"""Converts the CDNOW sample into orders.csv, with the columns that Perennial reads.

    pip download lifetimes==0.11.3 --no-deps
    python3 convert.py Lifetimes-0.11.3-py3-none-any.whl > orders.csv

In: the wheel, which holds lifetimes/datasets/CDNOW_sample.txt (customer, number in the sample, date as
YYYYMMDD, CDs, dollars). Out: CSV, one row per transaction, in the order of the source. Nothing is
corrected: 8 transactions of 0.00 dollars and 21 repeated lines are in the source.
"""

import sys
import zipfile

MEMBER = "lifetimes/datasets/CDNOW_sample.txt"


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        lines = wheel.read(MEMBER).decode("ascii").splitlines()
    out = sys.stdout
    out.write("customer_id,ordered_at,quantity,amount,currency\n")
    for line in filter(str.strip, lines):
        customer, _, day, quantity, dollars = line.split()
        date = f"{day[:4]}-{day[4:6]}-{day[6:]}"
        out.write(f"{customer},{date},{quantity},{dollars},USD\n")


if __name__ == "__main__":
    main()
