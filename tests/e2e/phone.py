"""A person with a touch screen."""

from functools import cached_property

from playwright.sync_api import CDPSession

from tests.e2e.pages import Person

TOUCH = {"has_touch": True, "is_mobile": True, "viewport": {"width": 360, "height": 740}}
FAR = 130  # px, further than a swipe has to go


class Phone(Person):
    """A person who moves a finger over the screen."""

    _from = (0.0, 0.0)

    def swipe(self, name: str, *steps: tuple[int, int], lifts: bool = True) -> None:
        """Put a finger on a row and move it to each of the steps, in px from where it began."""
        box = self.row(name).bounding_box()
        assert box is not None
        self._from = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self._touch("touchStart", 0, 0)
        for dx, dy in steps:
            self.move_finger(dx // 2, dy // 2)
            self.move_finger(dx, dy)
        if lifts:
            self.lift()

    def move_finger(self, dx: int, dy: int) -> None:
        self._touch("touchMove", dx, dy)

    def lift(self) -> None:
        """Lift the finger after a rest: else it throws the page, and Chromium ignores a tap in the next moments."""
        self.page.wait_for_timeout(150)
        self._devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def _touch(self, kind: str, dx: int, dy: int) -> None:
        x, y = self._from
        self._devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x + dx, "y": y + dy}]})

    @cached_property
    def _devtools(self) -> CDPSession:
        return self.page.context.new_cdp_session(self.page)
