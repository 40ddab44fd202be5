"""What the end of the lesson looks like, compared with what is stored in frames/."""

import pytest


@pytest.mark.parametrize("size", [(80, 24), (100, 30)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_frame_of_the_lesson(scenario_frames, same_frame, size):  # noqa: ANN001, ANN201, D103
    frames = scenario_frames("../lessons/two-slopes.toml", size)
    same_frame(f"two-slopes-{size[0]}x{size[1]}", frames[-1])
