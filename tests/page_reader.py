"""Reads pages as a browser does, as far as their text and their elements go."""

from html.parser import HTMLParser


class Reader(HTMLParser):
    """Elements with their attributes, texts, and what stands in scripts. `read` makes one."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.elements, self.texts, self.scripts, self._inside = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass

    def handle_data(self, data):
        if self._inside and self._inside[-1] == "script":
            self.scripts[-1] += data
        elif not self._inside or self._inside[-1] != "style":
            self.texts.append(data)

    def all(self, tag):
        """Attributes of every element with this name."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self):
        """All text that is shown."""
        return "".join(self.texts)


def read(html):
    """A page, read."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader
