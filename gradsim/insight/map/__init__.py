"""The map: one number over two knobs, each cell a real network; the phase diagram of an experiment.

`plan.py` declares a map, `cells.py` measures, `survey.py` has it done by an executor, `store.py`
keeps it in a file, `line.py` finds where theory puts the border.
"""
