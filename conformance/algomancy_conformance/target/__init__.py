"""What is under test: the servers, the client that talks to them, and what the kit found out about them.

Begin with :mod:`.client`; :mod:`.servers` starts and kills servers, :mod:`.world` asks what a target offers. May import
options and outcomes, and nothing of the checks.
"""
