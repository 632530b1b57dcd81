"""What is printed on a page's back is taken off it, and its own print is not."""

import numpy as np
import pytest
from newspaper_scans import market
from PIL import Image

from haulage.documents.bleaching import bleached, is_grainy
from haulage.documents.raster import Raster


def inked(raster: Raster) -> np.ndarray:
    return np.asarray(raster.image) < 128


def test_the_back_is_no_ink_any_more_and_print_still_is():
    print_alone = inked(market(show_through=0.0))
    white = inked(bleached(market(show_through=0.8)))
    worn = np.asarray(market(show_through=0.8).image) < 180

    # Much of what is dark there is the back's.
    assert (worn & ~print_alone).sum() > 0.5 * print_alone.sum()
    assert (white & ~print_alone).sum() < 0.1 * print_alone.sum()
    assert (white & print_alone).sum() > 0.95 * print_alone.sum()


def test_a_shadow_over_half_of_the_page_takes_no_print_with_it():
    worn = market(show_through=0.6)
    dots = np.asarray(worn.image).copy()
    dots[:, : dots.shape[1] // 2] = dots[:, : dots.shape[1] // 2] * 0.7
    shaded = Raster(Image.fromarray(dots), worn.dpi)

    print_alone = inked(market(show_through=0.0))
    white = inked(bleached(shaded))
    assert (white & print_alone).sum() > 0.9 * print_alone.sum()
    assert (white & ~print_alone).sum() < 0.15 * print_alone.sum()


@pytest.mark.parametrize(("noise", "grainy"), [(8, False), (20, False), (40, True)])
def test_noise_is_told_from_the_back_of_the_page(noise, grainy):
    assert is_grainy(market(noise=noise)) is grainy
