"""The command line of the programs that draw results of a benchmark."""

import argparse
import json
import pathlib


def save_drawing(draw, description, dpi):
    """Read the command line, draw the results of a benchmark and save the picture.

    Parameters
    ----------
    draw : callable
        Called with the list of results, returns a figure.
    description : str
        What the program draws.
    dpi : int
        Pixels per inch.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("results", type=pathlib.Path, help="JSON of the benchmark")
    parser.add_argument("picture", type=pathlib.Path, help="file to write")
    args = parser.parse_args()
    figure = draw(json.loads(args.results.read_text())["results"])
    figure.savefig(args.picture, dpi=dpi)
