"""Stills, GIF, page and text: each holds what was filmed."""

import re
from base64 import b64decode
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from filmed import LOUD, ON_GREEN, film, row
from PIL import Image

from gradsim.errors import InputError
from gradsim.recording.cast import cast
from gradsim.recording.film import Cell, Film, Look
from gradsim.recording.font import font_file
from gradsim.recording.frames import frames
from gradsim.recording.gif import CELL, LEVELS, gif
from gradsim.recording.kinds import KINDS, kind_of
from gradsim.recording.page import page
from gradsim.recording.pixels import Painter
from gradsim.recording.png import png
from gradsim.recording.svg import svg

SVG = "{http://www.w3.org/2000/svg}"


def two() -> Film:
    return film(
        [
            (row("a <b> & c", LOUD), row("──█⣿──")),
            (row("a <b> & d", LOUD), row("漢 ok", ON_GREEN)),
        ]
    )


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"))


def painted(it: Film) -> list[np.ndarray]:
    painter, out = Painter(it, CELL, LEVELS), []
    for shot in it.shots:
        painter.paint(shot.picture)
        out.append(np.array(list(painter.colors), np.uint8)[painter.sheet])
    return out


def test_svg_says_every_word_and_draws_the_rest() -> None:
    it = two()
    tree = ElementTree.fromstring(svg(it, it.shots[0].picture))
    words = [(t.get("x"), t.text, t.get("font-weight")) for t in tree.iter(f"{SVG}text")]
    assert words == [("0", "a", "bold"), ("20", "<b>", "bold"), ("60", "&", "bold"),
                     ("80", "c", "bold")]  # fmt: skip
    title = tree.find(f"{SVG}title")
    assert title is not None
    assert title.text == it.title
    (path,) = tree.iter(f"{SVG}path")
    assert (path.get("d") or "").count("M") == 4 * 2 + 1 + 8


def test_a_full_block_is_all_ink_and_a_blank_all_paper() -> None:
    it = film([(row("█ ", LOUD),)])
    image = pixels(Image.open(BytesIO(png(it, it.shots[0].picture))))
    tall, wide, _ = image.shape
    assert (wide, tall) == (12 * tall // 2, tall)
    cell = wide // 12
    assert (image[:, :cell] == list(bytes.fromhex(LOUD.ink[1:]))).all()
    assert (image[:, cell:] == list(bytes.fromhex(LOUD.paper[1:]))).all()


def test_letters_differ_and_bold_has_more_ink() -> None:
    def ink(text: str, look: Look) -> float:
        it = film([(row(text, look),)])
        return float(pixels(Image.open(BytesIO(png(it, it.shots[0].picture)))).mean())

    plain = Look("#ffffff", "#000000")
    assert ink("i", plain) < ink("m", plain) < ink("m", plain._replace(bold=True))
    assert ink("m", plain) < ink("m", plain._replace(underline=True))


def test_gif_shows_each_shot_as_long_as_it_stays() -> None:
    it = film([(row(f"step {n}"),) for n in range(5)], step=0.08)
    image = Image.open(BytesIO(gif(it)))
    assert image.n_frames == 5
    for number, wanted in enumerate(painted(it)):
        image.seek(number)
        assert image.info["duration"] == 80
        np.testing.assert_array_equal(pixels(image), wanted)


def test_gif_of_more_colors_than_one_palette_holds() -> None:
    def many(first: int) -> tuple[Cell, ...]:
        return tuple(Cell("█", Look(f"#{n:02x}40{255 - n:02x}", "#000000")) for n in
                     range(first, first + 80))  # fmt: skip

    # Each frame has its own palette: no color is lost.
    it = film([(many(0),), (many(80),), (many(160),)])
    image = Image.open(BytesIO(gif(it)))
    for number, wanted in enumerate(painted(it)):
        image.seek(number)
        np.testing.assert_array_equal(pixels(image), wanted)
    # Too many for one frame: the nearest is taken.
    it = film([(many(0) + many(80) + many(160) + tuple(Cell("█", Look(f"#00{n:02x}00", "#000000"))
               for n in range(100)),)])  # fmt: skip
    image = Image.open(BytesIO(gif(it)))
    off = np.abs(pixels(image).astype(int) - painted(it)[0])
    assert 0 < off.max() <= 16


def test_shots_too_short_to_be_shown_are_drawn_into_the_one_before() -> None:
    it = film([(row(f"step {n}"),) for n in range(8)], step=0.008)
    image = Image.open(BytesIO(gif(it)))
    image.seek(image.n_frames - 1)
    np.testing.assert_array_equal(pixels(image), painted(it)[-1])
    assert 2 <= image.n_frames <= 4


def test_page_holds_player_font_and_film_and_loads_nothing() -> None:
    it = two()
    text = page(it).decode()
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", text)
    assert "default-src 'none'" in text
    assert "<title>a &lt;film&gt; &amp; more</title>" in text
    assert text.count("</script>") == 3
    (inside,) = re.findall(r'id="cast">(.*?)</script>', text, re.DOTALL)
    assert inside.replace("\\u003c", "<") == cast(it).decode()
    (font,) = re.findall(r"data:font/ttf;base64,([A-Za-z0-9+/=]+)", text)
    assert b64decode(font) == font_file()
    assert "Apache" in text


def test_text_has_the_pictures_that_stay() -> None:
    it = film([(row("moves"),), (row("moves on"),), (row("rests"),)], step=0.08)
    text = frames(it).decode()
    assert "rests" in text
    assert "moves" not in text
    assert text.startswith("── 0.16 s, step 3 ")
    assert "moves" in frames(film([(row("moves"),), (row("rests"),)])).decode()


def test_faster_is_the_same_in_less_time() -> None:
    it = two().faster(2.0)
    assert [shot.seconds for shot in it.shots] == [0.0, 0.25]
    assert it.seconds == 0.5
    assert it.chapters[1].seconds == 0.25
    assert it.at(0.3) is it.shots[1]
    assert it.at(0.2) is it.shots[0]


@pytest.mark.parametrize("name", ["x", "x.mp4", "dir.gif/x", ".cast.zip", ""])
def test_another_ending_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"ends in one of \.cast, \.gif"):
        kind_of(name)


def test_endings_are_known_whatever_their_case() -> None:
    assert kind_of("a.b/X.GIF") is KINDS[".gif"]
