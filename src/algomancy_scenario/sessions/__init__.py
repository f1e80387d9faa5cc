"""What a `ScenarioManager` is made of: its datasets, the changes of its scenarios and who hears of them.

Imported by the managers, the registry and the processor. Begin with `scenarios`: who may do what, and in which order.
"""
