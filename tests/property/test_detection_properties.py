"""Letterbox and NMS: what holds for every picture, region and set of boxes."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.heads import iou, nms
from edge.letterbox import place

sizes = st.tuples(st.integers(16, 4000), st.integers(16, 4000))
inputs = st.tuples(st.sampled_from([320, 416, 640]), st.sampled_from([320, 416, 640]))
fits = st.sampled_from(["stretch", "letterbox_centre", "letterbox_top_left"])
unit = st.floats(0, 1)


@st.composite
def rectangles(draw: st.DrawFn) -> tuple[float, float, float, float]:
    """A rectangle with an area inside the unit square."""
    x1, x2 = sorted((draw(unit), draw(unit)))
    y1, y2 = sorted((draw(unit), draw(unit)))
    assume(x2 - x1 > 0.02 and y2 - y1 > 0.02)
    return x1, y1, x2, y2


@given(rectangles(), sizes, inputs, fits, rectangles())
def test_a_box_comes_back_from_the_input(region, frame, size, fit, inner) -> None:
    letterbox = place(region, frame, size, fit)
    x1, y1, x2, y2 = (np.array(letterbox.crop_px, float) / np.array(frame * 2)).tolist()
    across, down = x2 - x1, y2 - y1
    box = np.array(
        [
            [
                x1 + inner[0] * across,
                y1 + inner[1] * down,
                x1 + inner[2] * across,
                y1 + inner[3] * down,
            ]
        ],
        np.float32,
    )
    back = letterbox.to_frame(letterbox.to_input(box))
    np.testing.assert_allclose(back, box, atol=2e-5)


@given(rectangles(), sizes, inputs, fits)
def test_the_placed_region_is_inside_the_input_and_of_its_shape(region, frame, size, fit) -> None:
    letterbox = place(region, frame, size, fit)
    left, top, right, bottom = letterbox.placed_px
    x1, y1, x2, y2 = letterbox.crop_px
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]
    assert 0 <= x1 <= region[0] * frame[0] <= region[2] * frame[0] <= x2 <= frame[0]
    assert 0 <= y1 <= region[1] * frame[1] <= region[3] * frame[1] <= y2 <= frame[1]
    if fit != "stretch":
        scale = min(size[0] / (x2 - x1), size[1] / (y2 - y1))
        assert abs((right - left) - (x2 - x1) * scale) <= 1
        assert abs((bottom - top) - (y2 - y1) * scale) <= 1


@given(rectangles(), sizes, inputs, fits)
def test_what_leaves_the_input_is_cut_at_the_region(region, frame, size, fit) -> None:
    letterbox = place(region, frame, size, fit)
    wild = np.array([[-9e3, -9e3, 9e3, 9e3]], np.float32)
    crop = np.array(letterbox.crop_px) / np.array(frame * 2)
    np.testing.assert_allclose(letterbox.to_frame(wild)[0], crop, atol=1e-6)


@st.composite
def crowds(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes (N, 4) in a small picture, distinct scores, groups."""
    count = draw(st.integers(0, 25))
    corner = st.tuples(st.integers(0, 40), st.integers(0, 40))
    rows: list[tuple[int, int, int, int]] = []
    for _ in range(count):
        x, y = draw(corner)
        rows.append((x, y, x + draw(st.integers(1, 25)), y + draw(st.integers(1, 25))))
    box = np.array(rows, np.float32).reshape(-1, 4)
    score = np.array(draw(st.permutations(range(1, count + 1))), np.float32) / 100
    group = np.array(draw(st.lists(st.integers(0, 2), min_size=count, max_size=count)), np.int64)
    return box, score, group


@given(crowds(), st.floats(0, 1))
def test_nms_keeps_no_two_that_overlap_and_drops_none_without_a_better(crowd, iou_max) -> None:
    box, score, group = crowd
    kept = nms(box, score, group, iou_max).tolist()
    assert score[kept].tolist() == sorted(score[kept].tolist(), reverse=True)
    for place_, index in enumerate(kept):
        others = [other for other in kept[:place_] if group[other] == group[index]]
        assert not (iou(box[index], box[others]) > iou_max).any()
    for index in set(range(len(box))) - set(kept):
        better = [k for k in kept if group[k] == group[index] and score[k] > score[index]]
        assert (iou(box[index], box[better]) > iou_max).any()


@given(crowds(), st.floats(0, 1), st.randoms(use_true_random=False))
def test_nms_does_not_depend_on_the_order_of_the_boxes(crowd, iou_max, random) -> None:
    box, score, group = crowd
    order = list(range(len(box)))
    random.shuffle(order)
    kept = nms(box, score, group, iou_max)
    shuffled = nms(box[order], score[order], group[order], iou_max)
    assert [order[index] for index in shuffled] == kept.tolist()


@given(crowds())
def test_nms_of_what_it_kept_keeps_all(crowd) -> None:
    box, score, group = crowd
    kept = nms(box, score, group, 0.5)
    assert len(nms(box[kept], score[kept], group[kept], 0.5)) == len(kept)
