"""What can be measured on a film's vertebrae, each number with its unit, its error or the reason why there is none.

`geometry` turns an outline into corners, `column` a film's outlines into bodies in order with what voids them, and
each other module measures one thing. `report` runs them all. Nothing here calls a finding a disease.
"""
