"""What the network answers, drawn as suits the data. A new kind is a case in `page`."""

from gradsim.view.answers.look import Look
from gradsim.view.answers.page import USES, grid_of, page

__all__ = ["USES", "Look", "grid_of", "page"]
