"""One run: which checks are made, in what order, and what every answer of it showed.

Begin with :mod:`.checking`, which runs the suite from start to verdict; :mod:`.plugin` is the side that pytest sees.
Only the suite, the selftest and the command line may import it.
"""
