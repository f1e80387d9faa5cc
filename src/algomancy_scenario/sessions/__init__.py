"""What a `ScenarioManager` is made of: the session's locks, its datasets and the changes of its scenarios.

Imported by the managers, the registry and the processor. Begin with `scenarios`: who may do what, and in which order.
"""
