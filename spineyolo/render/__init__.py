"""Films of our own with exact truth: a parametric spine, projected (`phantom`), and films from labelled CT (`ct`).

World coordinates are mm: x to the patient's left, y to the back, z up; the origin is the middle of S1's endplate.
"""
