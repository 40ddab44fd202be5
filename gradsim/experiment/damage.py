"""What is raised where a file of arrays is not what it says it is."""

import struct
import tokenize
import zipfile
import zlib

BAD_ARCHIVE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    OverflowError,
    RuntimeError,  # encrypted, or packed in a way that is not known
    TypeError,
    ValueError,
)
"""What zipfile and NumPy raise for a damaged archive; neither has a list of it."""

BAD_HEAD = (
    ValueError,
    TypeError,
    LookupError,
    SyntaxError,
    OverflowError,
    MemoryError,
    RecursionError,
    EOFError,
    tokenize.TokenError,
)
"""What NumPy raises for the head of an array that is none. It reads it as a Python literal: the
first ones but for the lookups are those of `ast.literal_eval`, the last is from heads of old."""

BAD_ARRAYS = (*BAD_ARCHIVE, *BAD_HEAD)
"""What may be raised by reading arrays whose heads nobody has looked at before."""
