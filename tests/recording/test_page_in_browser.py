"""The page that plays a film, in a real browser and without a network."""

from pathlib import Path

from browser import page as browser_page
from filmed import LOUD, film, row

from gradsim.recording.page import page

TEXT = "document.querySelector('pre.ap-term-text').innerText.replace(/\\s+/g, '')"


async def test_it_shows_the_first_picture_jumps_and_plays_to_the_end(tmp_path: Path) -> None:
    rows = [row("stays", LOUD, 60), row("one two", width=60), row("", width=60)]
    later = [rows[0], row("one three", width=60), rows[2]]
    last = [rows[0], row("one three", width=60), row("at the end", width=60)]
    file = tmp_path / "film.html"
    file.write_bytes(page(film([tuple(rows), tuple(later), tuple(last)], step=20.0)))
    async with browser_page() as seen:
        await seen.open(file.as_uri())
        await seen.until_true(f"document.querySelector('.ap-term') && {TEXT} === 'staysonetwo'")
        await seen.until_true("player.getDuration() === 60")
        # A jump shows what stays too, and not only what changes on the way.
        await seen.value("document.querySelectorAll('#chapters button')[1].click()")
        await seen.until_true(f"{TEXT} === 'staysonethree'")
        await seen.until_true("player.getCurrentTime() > 20")
        await seen.value("player.seek(59)")
        await seen.until_true(f"{TEXT} === 'staysonethreeattheend'")
        await seen.value("player.seek(1)")
        await seen.until_true(f"{TEXT} === 'staysonetwo'")
        entries = "performance.getEntriesByType('resource').map(e => e.name)"
        assert all(name.startswith("data:") for name in await seen.value(entries))
