"""What the pictures of studies share: an SVG page, light or dark as the reader has it, and short names."""

from __future__ import annotations

from html import escape

_MOST = 48  # characters of a name
_STYLE = (
    "svg{--ink:#1c2733;--soft:#55616d;--page:#fff;--line:#dfe3e8}"
    "@media(prefers-color-scheme:dark){svg{--ink:#e6ebf0;--soft:#a3afbb;--page:#14191f;--line:#39424c}}"
    "text{font:12px system-ui,sans-serif;fill:var(--ink)}.page{fill:var(--page)}"
    ".title{font-size:15px;font-weight:600}.head{font-weight:600}.soft{fill:var(--soft)}"
    ".middle{text-anchor:middle}.end{text-anchor:end}.line{stroke:var(--line)}"
)


def page(title: str, body: str, width: int, height: int, style: str) -> str:
    """Return a self-contained picture.

    Args:
        title: what it shows, for who can't see it.
        body: its elements.
        width: in pixels.
        height: in pixels.
        style: rules beside those that all pictures have.
    """
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img"><title>{escape(title)}</title><style>{_STYLE}{style}</style>'
        f'<rect class="page" width="100%" height="100%"/>{body}</svg>\n'
    )


def label(text: str, most: int = _MOST) -> str:
    """Return the content of a text element; a long name is cut, and whole where one points at it."""
    if len(text) <= most:
        return escape(text)
    return f"{escape(text[: most - 1])}…<title>{escape(text)}</title>"
