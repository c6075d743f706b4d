"""`python train.py …` is `segladder train …`."""

from segladder.commands import main

if __name__ == "__main__":
    raise SystemExit(main(["train"]))
