"""Masks over noise: nothing fine remains where a face or plate can be, nothing else changes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.masking import BLOCKS_ACROSS, LEAST_BLOCK_PX, LOOKS, look, mask, regions
from edge.types import FULL_FRAME, Detections
from tests.factories import detections

WIDTH, HEIGHT = 640, 480
STANDING = (0.2, 0.2, 0.3, 0.6)
CAR = (0.5, 0.4, 0.9, 0.8)


def noise(seed: int = 1):
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def seen(box, score=0.6, kind="person"):
    return detections((box, score, kind), kind=kind)


def masked_pixels(found):
    covered = np.zeros((HEIGHT, WIDTH), bool)
    for region in regions(found, (WIDTH, HEIGHT)):
        x1, y1, x2, y2 = region.box_px
        covered[y1:y2, x1:x2] = True
    return covered


def detail(part):
    """Grey levels (root mean square) from a pixel to the next, across and down."""
    part = part.astype(float)
    across, down = np.diff(part, axis=1), np.diff(part, axis=0)
    return float(np.sqrt((across**2).mean() + (down**2).mean()))


@pytest.mark.parametrize("kind", ["person", "vehicle", "two_wheeler"])
def test_nothing_fine_remains_and_nothing_else_changes(kind):
    image = noise()
    before = image.copy()
    found = seen(CAR, kind=kind)
    got, covered = mask(image, found), masked_pixels(found)
    assert (image == before).all()
    assert (got[~covered] == image[~covered]).all()
    for region in regions(found, (WIDTH, HEIGHT)):
        x1, y1, x2, y2 = region.box_px
        assert detail(got[y1:y2, x1:x2]) < detail(image[y1:y2, x1:x2]) / 20


def test_no_wave_shorter_than_a_block_survives():
    found = seen(CAR, kind="vehicle")
    plates = max(regions(found, (WIDTH, HEIGHT)), key=lambda r: r.block_px)
    x1, y1, x2, y2 = plates.box_px
    power = np.abs(np.fft.rfft2(mask(noise(), found)[y1:y2, x1:x2, 0] - 127.5)) ** 2
    was = np.abs(np.fft.rfft2(noise()[y1:y2, x1:x2, 0] - 127.5)) ** 2
    fy = np.abs(np.fft.fftfreq(y2 - y1))[:, None] * plates.block_px
    fx = np.fft.rfftfreq(x2 - x1)[None] * plates.block_px
    fine = np.hypot(fy, fx) > 1
    assert power[fine].sum() < 1e-3 * was[fine].sum()


@pytest.mark.parametrize(
    ("box", "head"),
    [
        (STANDING, (0.22, 0.2, 0.28, 0.26)),  # whole: head an eighth of the height
        ((0.2, 0.2, 0.4, 0.45), (0.22, 0.2, 0.38, 0.4)),  # only the upper body is seen
        ((0.0, 0.5, 0.05, 1.0), (0.0, 0.5, 0.05, 0.57)),  # half out of the frame
    ],
)
def test_the_head_is_covered_whatever_is_seen_of_a_person(box, head):
    covered = masked_pixels(seen(box))
    x1, y1, x2, y2 = head
    part = covered[int(y1 * HEIGHT) : int(y2 * HEIGHT), int(x1 * WIDTH) : int(x2 * WIDTH)]
    assert part.all()


def test_clothes_and_legs_stay_as_evidence():
    covered = masked_pixels(seen(STANDING))
    assert not covered[int(0.4 * HEIGHT) :].any()


def test_blocks_are_few_across_a_face_and_a_plate():
    (head,) = regions(seen(STANDING), (WIDTH, HEIGHT))
    face_px = 0.6 * 0.125 * 0.4 * HEIGHT
    assert face_px / head.block_px <= 6
    plates = regions(seen(CAR, kind="vehicle"), (WIDTH, HEIGHT))[1]
    plate_px = 0.44 / 1.8 * 0.4 * HEIGHT * 1.2
    assert plate_px / plates.block_px <= BLOCKS_ACROSS + 1


@pytest.mark.parametrize(("score", "hidden"), [(0.19, False), (0.2, True), (0.9, True)])
def test_weak_persons_are_masked_too(score, hidden):
    assert bool(regions(seen(STANDING, np.float32(score)), (WIDTH, HEIGHT))) == hidden


def test_other_things_are_left_alone():
    image = noise()
    assert (mask(image, seen(CAR, kind="dog")) == image).all()
    assert (mask(image, detections()) == image).all()


def test_a_weak_vehicle_that_is_a_strong_one_blown_up_does_not_hide_the_street():
    both = detections((CAR, 0.6, "car"), ((0.2, 0.0, 1.0, 1.0), 0.3, "car"))
    alone = detections((CAR, 0.6, "car"))
    assert regions(both, (WIDTH, HEIGHT)) == regions(alone, (WIDTH, HEIGHT))
    lorry = detections((CAR, 0.4, "car"), ((0.2, 0.0, 1.0, 1.0), 0.4, "truck"))
    assert len(regions(lorry, (WIDTH, HEIGHT))) == 4


def test_a_child_before_an_adult_does_not_uncover_the_adult():
    found = detections(
        ((0.3, 0.6, 0.35, 0.8), 0.9, "child"), ((0.2, 0.1, 0.4, 0.9), 0.25, "adult"), kind="person"
    )
    assert masked_pixels(found)[int(0.12 * HEIGHT), int(0.3 * WIDTH)]


side = st.floats(-0.2, 1.2)


@given(
    st.lists(st.tuples(side, side, side, side), max_size=6),
    st.sampled_from(["person", "vehicle", "two_wheeler"]),
    st.randoms(use_true_random=False),
)
def test_any_boxes_in_any_order_stay_inside_the_frame(corners, kind, chance):
    boxes = [((min(a, c), min(b, d), max(a, c), max(b, d)), 0.5, kind) for a, b, c, d in corners]
    image = noise(2)[:120, :160]
    got = mask(image, detections(*boxes, kind=kind))
    for region in regions(detections(*boxes, kind=kind), (160, 120)):
        x1, y1, x2, y2 = region.box_px
        assert 0 <= x1 <= x2 <= 160
        assert 0 <= y1 <= y2 <= 120
        assert region.block_px >= LEAST_BLOCK_PX
    chance.shuffle(boxes)
    shuffled = mask(image, detections(*boxes, kind=kind))
    assert (got == shuffled).all()


def test_look_joins_the_whole_frame_and_its_halves():
    class Everywhere:
        def __init__(self):
            self.regions = []

        def detect(self, image, region_rel=FULL_FRAME):
            self.regions.append(region_rel)
            return seen(region_rel)

    detector = Everywhere()
    found: Detections = look(detector, noise())
    assert tuple(detector.regions) == LOOKS
    assert len(found) == len(found.kind) == len(found.score) == len(LOOKS)
    assert tuple(found.box_rel[0]) == FULL_FRAME
