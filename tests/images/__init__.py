"""Tests of roiwidgets.images."""
