"""A bare page with a fake anywidget model, for tests of the viewer's browser side."""
