"""Video in real time: a camera, a file, a stream or a folder of pictures, numbered frame by frame.

`source` reads frames; `region` finds the column in a wide frame and cuts it out upright; `tracking` links vertebrae
over frames and votes on their levels; `frames` does all this for a frame; `overlay` draws it; `writer` and `window` are
where it goes; `session` runs them beside one another.
"""
