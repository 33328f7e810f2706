"""Find secret values in any disguise and replace them; text and JSON values in, the same out.

Standard library only, and no input or output: this package also runs inside the user's kernel.
"""

from .placeholder import placeholder
from .redactor import DataRedaction, Redaction, Redactor, TreeRedaction
from .window import ByteWindow, StreamWindow

__all__ = [
    "ByteWindow",
    "DataRedaction",
    "Redaction",
    "Redactor",
    "StreamWindow",
    "TreeRedaction",
    "placeholder",
]
